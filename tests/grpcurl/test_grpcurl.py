"""A stranger's tool, the real grpcurl, with nothing but the address of the server at hand."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from groundswell.v1 import engagement_pb2 as pb
from groundswell.v1 import experiments_pb2, learning_pb2
from tests.running import RunningServer
from tests.wire import next_change

ENGAGEMENT = "groundswell.v1.EngagementService"
NO_SUCH_ID = "01890a5d-ac96-774b-bcce-b302099a8057"


class Grpcurl:
    """grpcurl against one server."""

    def __init__(self, program: str, target: str) -> None:
        self._program = program
        self._target = target

    def command(self, *arguments: str, data: str = "") -> list[str]:
        """The command line; `arguments` follow the address."""
        return [self._program, "-plaintext", *(["-d", data] if data else []), self._target, *arguments]

    def run(self, *arguments: str, data: str = "", sent: str = "") -> subprocess.CompletedProcess[str]:
        """Runs it to its end; `sent` goes to its standard input."""
        return subprocess.run(
            self.command(*arguments, data=data), input=sent, capture_output=True, text=True, timeout=60, check=False
        )

    def text(self, *arguments: str) -> str:
        """What it says when all went well."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def answer(self, method: str, data: str = "{}", sent: str = "") -> Any:
        """The response of a call, read from JSON."""
        done = self.run(method, data=data, sent=sent)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def grpcurl(shared_server: RunningServer) -> Grpcurl:
    named = os.environ.get("GRPCURL", "")
    program = named if Path(named).is_file() else shutil.which("grpcurl")
    if program is None:
        assert not os.environ.get("CI"), "grpcurl is needed here; see .ci/run"
        pytest.skip("grpcurl is not installed; GRPCURL says where it is")
    return Grpcurl(program, shared_server.target)


def test_it_lists_every_service(grpcurl: Grpcurl) -> None:
    assert grpcurl.text("list").split() == [
        "google.longrunning.Operations",
        "groundswell.v1.EngagementService",
        "groundswell.v1.ExperimentsService",
        "groundswell.v1.LearningService",
        "grpc.channelz.v1.Channelz",
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
    ]


def test_it_finds_reflection_at_the_first_try(grpcurl: Grpcurl) -> None:
    assert "ServerReflectionInfo" in grpcurl.text("describe", "grpc.reflection.v1.ServerReflection")


@pytest.mark.parametrize(
    "service",
    ["groundswell.v1.EngagementService", "groundswell.v1.ExperimentsService", "groundswell.v1.LearningService"],
)
def test_it_lists_the_calls_of_a_service(grpcurl: Grpcurl, service: str) -> None:
    calls = [
        call.full_name
        for file in (pb, experiments_pb2, learning_pb2)
        for known in file.DESCRIPTOR.services_by_name.values()
        for call in known.methods
        if known.full_name == service
    ]
    assert grpcurl.text("list", service).split() == sorted(calls)


@pytest.mark.parametrize(
    ("symbol", "comment"),
    [
        ("groundswell.v1.LearningService", "// Predicts the performance of content before it is posted"),
        ("groundswell.v1.LearningService.ScoreContent", "// Scores content from 0 to 100 before it is posted."),
        ("groundswell.v1.ContentDraft", "// Content that is about to be posted."),
        ("groundswell.v1.CreatePersonaRequest", '// IANA time zone, "UTC" when empty.'),
        ("groundswell.v1.Platform", "// X, formerly Twitter. It reports impressions, not reach."),
        ("groundswell.v1.ErrorReason", "// FAILED_PRECONDITION: too little data to learn from. Metadata: have, need."),
    ],
)
def test_it_shows_the_comments_of_the_contract(grpcurl: Grpcurl, symbol: str, comment: str) -> None:
    assert comment in grpcurl.text("describe", symbol)


def test_it_shows_the_constraints_of_the_contract(grpcurl: Grpcurl) -> None:
    assert "max_len: 200" in grpcurl.text("describe", "groundswell.v1.CreatePersonaRequest")


def test_it_makes_a_call(grpcurl: Grpcurl) -> None:
    created = grpcurl.answer(f"{ENGAGEMENT}/CreatePersona", '{"name": "Ava", "timeZone": "Europe/Lisbon"}')
    read = grpcurl.answer(f"{ENGAGEMENT}/GetPersona", json.dumps({"persona_id": created["persona"]["id"]}))
    assert read["persona"]["timeZone"] == "Europe/Lisbon"


def test_it_shows_a_rich_error(grpcurl: Grpcurl) -> None:
    refused = grpcurl.run(f"{ENGAGEMENT}/GetPost", data=json.dumps({"post_id": NO_SUCH_ID}))
    assert refused.returncode == 64 + grpc.StatusCode.NOT_FOUND.value[0]
    assert "Code: NotFound" in refused.stderr
    assert '"reason": "POST_NOT_FOUND"' in refused.stderr
    assert '"domain": "groundswell.dev"' in refused.stderr
    assert NO_SUCH_ID in refused.stderr


def test_it_shows_every_field_at_fault(grpcurl: Grpcurl) -> None:
    refused = grpcurl.run(f"{ENGAGEMENT}/CreatePersona", data='{"handles": [{"handle": "no spaces here"}]}')
    assert refused.returncode == 64 + grpc.StatusCode.INVALID_ARGUMENT.value[0]
    for field in ("name", "handles[0].platform", "handles[0].handle"):
        assert f'"field": "{field}"' in refused.stderr


def test_it_sends_a_stream(grpcurl: Grpcurl) -> None:
    row = {"persona_name": "Bea", "platform": "PLATFORM_TIKTOK", "publish_time": "2026-01-05T18:00:00Z"}
    batches = [{"rows": [{**row, "line": line, "platform_post_id": f"grpcurl-{line}"}]} for line in range(3)]
    sent = "\n".join(map(json.dumps, batches))
    first = grpcurl.answer(f"{ENGAGEMENT}/ImportPosts", "@", sent)
    again = grpcurl.answer(f"{ENGAGEMENT}/ImportPosts", "@", sent)
    assert first["importedCount"] == "3"
    assert again["duplicateCount"] == "3"


def test_it_receives_a_stream(grpcurl: Grpcurl, shared_server: RunningServer) -> None:
    stub = shared_server.engagement()
    cursor_stream = stub.WatchEngagement(pb.WatchEngagementRequest())
    cursor_stream.initial_metadata()
    first = stub.StartContext(pb.StartContextRequest(phase="FIRST")).context
    change = next_change(cursor_stream)
    assert change.context.id == first.id
    second = stub.StartContext(pb.StartContextRequest(phase="SECOND")).context
    with receiving(grpcurl.command(f"{ENGAGEMENT}/WatchEngagement", data=json.dumps({"cursor": change.cursor}))) as out:
        assert next(line for line in out if '"id"' in line).strip() == f'"id": "{second.id}",'


@contextmanager
def receiving(command: list[str]) -> Iterator[Iterator[str]]:
    """The lines that a command writes for as long as the block lasts."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield iter(process.stdout)
        finally:
            process.kill()
