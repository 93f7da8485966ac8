"""Workers reach the suite's services: those that `serve` starts by themselves, others by GROUNDSWELL_PEERS."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psutil
import pytest

from groundswell import Client
from groundswell.v1 import learning_pb2
from tests.learning.calls import labels
from tests.learning.calls.studio import Studio
from tests.patience import eventually
from tests.processes import Suite
from tests.running import RunningServer
from tests.stand_in import StandIn, StandInPost

MASTER_KEY = base64.b64encode(os.urandom(32)).decode()
once = pytest.mark.parametrize("shared_database_url", ["sqlite"], indirect=True)
"""What the kind of database makes no difference to."""


@dataclass(frozen=True, slots=True)
class Taught:
    """A database with a live SPAM_DETECTOR in a workspace, the workspace's key, and the platforms."""

    url: str
    key: str
    stand_in: StandIn

    @property
    def environment(self) -> dict[str, str]:
        """What all processes are started with."""
        return {
            "GROUNDSWELL_MASTER_KEY": MASTER_KEY,
            "GROUNDSWELL_REQUIRE_KEYS": "true",
            "GROUNDSWELL_LOG_LEVEL": "error",
            "GROUNDSWELL_SYNC_HOURS": "0",
            **{f"GROUNDSWELL_{name.upper()}": url for name, url in self.stand_in.settings.items()},
        }

    def suite(self, *arguments: str, **environment: str) -> Suite:
        """A suite on it."""
        return Suite(self.url, *arguments, **self.environment, **environment)

    def reasons_after_a_sync(self, target: str) -> set[str]:
        """Against a comment that only the detector takes for spam, under a new post that a worker syncs."""
        id, published = uuid4().hex, datetime.now(UTC) - timedelta(hours=2)
        first = published.timestamp() + 3600
        self.stand_in.posts[id] = StandInPost(id, comments=1, reach=9, first_comment=first, texts=[labels.SPAM])
        with Client(target, api_key=self.key) as client:
            persona = client.engagement.create_persona(name="Ava").persona
            known = {"platform": "PLATFORM_INSTAGRAM", "persona_id": persona.id}
            client.engagement.connect_platform(**known, access_token="EAAG")
            post = client.engagement.create_post(**known, platform_post_id=id, publish_time=published).post
            client.engagement.sync_posts(hours=3, persona_ids=[persona.id]).result()
            (comment,) = client.engagement.list_interactions(post_id=post.id)
            return {reason.code for reason in comment.reasons}


@pytest.fixture(scope="module")
def taught(shared_database_url: str) -> Iterator[Taught]:
    with RunningServer(shared_database_url, master_key=MASTER_KEY) as server:
        studio = Studio.open(server)
        labels.send(studio, "SPAM_DETECTOR", labels.comments(200))
        model = studio.train("SPAM_DETECTOR", as_of_time=None)
        assert model.stage == learning_pb2.MODEL_STAGE_LIVE, list(model.notes)
        _, bearer = server.key(studio.workspace)
    with StandIn() as stand_in:
        yield Taught(shared_database_url, bearer.removeprefix("Bearer "), stand_in)


def test_the_worker_beside_one_server_asks_it(taught: Taught) -> None:
    with taught.suite() as suite:
        assert "SPAM_DETECTOR" in taught.reasons_after_a_sync(suite.target)


@once
def test_the_worker_beside_several_asks_one_of_them_also_after_that_one_was_replaced(taught: Taught) -> None:
    with taught.suite("--workers", "2") as suite:
        assert "SPAM_DETECTOR" in taught.reasons_after_a_sync(suite.target)
        server_of(suite).kill()
        eventually(lambda: "SPAM_DETECTOR" in taught.reasons_after_a_sync(suite.target))


def server_of(suite: Suite) -> psutil.Process:
    """The server process that the first worker asks."""
    found = psutil.Process(suite.process.pid).children(recursive=True)
    return next(each for each in found if "processes.child_main server-0" in " ".join(each.cmdline()))


@once
def test_a_worker_by_itself_asks_where_it_is_told_to(taught: Taught) -> None:
    with (
        taught.suite("--training-workers", "0") as suite,
        worker(taught, GROUNDSWELL_PEERS=json.dumps({"learning": suite.target})),
    ):
        assert "SPAM_DETECTOR" in taught.reasons_after_a_sync(suite.target)


@contextmanager
def worker(taught: Taught, **environment: str) -> Iterator[None]:
    """A worker that nobody but its user started."""
    known = {"GROUNDSWELL_DATABASE_URL": taught.url, **taught.environment, **environment}
    command = [sys.executable, "-m", "groundswell_server", "worker"]
    process = subprocess.Popen(command, env={**os.environ, **known})
    try:
        yield
        process.terminate()
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
