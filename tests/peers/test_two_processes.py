"""A suite in two processes: Engagement here, Learning there, on one database; they ask each other by gRPC."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import grpc
import jwt
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from groundswell import Client
from groundswell.errors import NotFound, PermissionDenied
from groundswell.v1 import engagement_pb2 as pb
from groundswell.v1 import engagement_pb2_grpc
from groundswell_server.peers.tokens import AUDIENCE
from groundswell_server.runtime.authentication import PEER_HEADER
from groundswell_storage.access import keys, secrets
from groundswell_storage.database import connect
from tests.errors import refusal
from tests.learning.calls import world
from tests.patience import eventually
from tests.processes import Suite

MASTER_KEY = os.urandom(32)
SHARED = {
    "GROUNDSWELL_MASTER_KEY": base64.b64encode(MASTER_KEY).decode(),
    "GROUNDSWELL_REQUIRE_KEYS": "true",
    "GROUNDSWELL_LOG_LEVEL": "error",
}
"""What both processes are started with."""


@dataclass(frozen=True, slots=True)
class Split:
    """A suite whose services run in two processes, and what is in its database."""

    engagement: Suite
    learning: Suite
    key: str
    """Of an administrator of the workspace that has the posts."""
    stranger: str
    """Of an administrator of another workspace."""
    post_id: str
    url: str

    def recommendations(self, key: str) -> list[str]:
        """What AnalyzePost recommends to the caller with this key."""
        with Client(self.engagement.target, api_key=key) as client:
            return list(client.engagement.analyze_post(post_id=self.post_id).recommendations)


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Split]:
    url = f"sqlite:///{tmp_path_factory.mktemp('peers') / 'groundswell.db'}"
    database = connect(url)
    database.migrate()
    with database.scope("ours", "test") as scope:
        _, key = keys.create(scope, name="ours", role="admin")
    with database.scope("theirs", "test") as scope:
        _, stranger = keys.create(scope, name="theirs", role="admin")
    with ExitStack() as stack:
        stack.callback(database.close)
        there = ("--services", "learning,operations", "--training-workers", "0")
        learning = stack.enter_context(Suite(url, *there, **SHARED))
        here = ("--services", "engagement,operations", "--training-workers", "0")
        peers = {"GROUNDSWELL_PEERS": f'{{"learning": "{learning.target}"}}'}
        engagement = stack.enter_context(Suite(url, *here, **SHARED, **peers))
        with Client(engagement.target, api_key=key) as client:
            first = datetime.now(UTC) - timedelta(days=85)
            rows = list(world.posts(120, first=first.replace(minute=0)))
            assert client.engagement.import_posts([pb.ImportPostsRequest(rows=rows)]).imported_count == 120
            post_id = next(iter(client.engagement.list_posts())).id
        yield Split(engagement, learning, key, stranger, post_id, url)


def tells_of_an_hour(recommendations: list[str]) -> bool:
    """Whether one of them is the best hour, which only Learning knows."""
    return any(each.startswith("Best hour ") for each in recommendations)


def test_each_process_serves_its_own_services_alone(split: Split) -> None:
    served = {"EngagementService": split.engagement, "LearningService": split.learning}
    for name, suite in served.items():
        with grpc.insecure_channel(suite.target) as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            for other in served:
                request = health_pb2.HealthCheckRequest(service=f"groundswell.v1.{other}")
                if other == name:
                    assert stub.Check(request).status == health_pb2.HealthCheckResponse.SERVING
                else:
                    with pytest.raises(grpc.RpcError) as caught:
                        stub.Check(request)
                    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_the_best_hour_in_an_analysis_comes_from_the_other_process(split: Split) -> None:
    assert tells_of_an_hour(split.recommendations(split.key))


def test_without_the_other_process_the_call_succeeds_without_the_hour_and_has_it_again_afterwards(
    split: Split,
) -> None:
    split.learning.kill()
    try:
        assert not tells_of_an_hour(split.recommendations(split.key))
    finally:
        split.learning.start()
    eventually(lambda: tells_of_an_hour(split.recommendations(split.key)))


def test_a_caller_of_another_workspace_gets_nothing_through_the_peers(split: Split) -> None:
    with pytest.raises(NotFound):
        split.recommendations(split.stranger)


def test_a_caller_takes_its_own_rights_to_the_peer_and_no_more(split: Split) -> None:
    database = connect(split.url)
    with database.scope("ours", "test") as scope:
        _, limited = keys.create(scope, name="limited", role="reader", scopes=("engagement.read",))
    database.close()
    assert not tells_of_an_hour(split.recommendations(limited)), "Learning refuses a key without learning.read"
    with Client(split.learning.target, api_key=limited) as client, pytest.raises(PermissionDenied):
        client.learning.predict_timing(platform="instagram")


def token(split: Split, **changes: object) -> str:
    """What a server of the deployment would vouch with, but for the changes."""
    database = connect(split.url)
    secret = secrets.deployment_secret(database, "peers", secrets.Sealer(MASTER_KEY))
    database.close()
    claims = {
        "aud": AUDIENCE,
        "exp": datetime.now(UTC) + timedelta(minutes=1),
        "workspace": "ours",
        "role": "reader",
        "actor": "tester",
        "scopes": ["*"],
    }
    signed_with = changes.pop("secret", secret)
    algorithm = str(changes.pop("algorithm", "HS256"))
    claims = {name: value for name, value in {**claims, **changes}.items() if value is not None}
    return jwt.encode(claims, signed_with, algorithm=algorithm)  # type: ignore[arg-type]


def list_posts(split: Split, said: str) -> pb.ListPostsResponse:
    with grpc.insecure_channel(split.engagement.target) as channel:
        stub = engagement_pb2_grpc.EngagementServiceStub(channel)
        return stub.ListPosts(pb.ListPostsRequest(page_size=1), metadata=((PEER_HEADER, said),))


def test_the_word_of_a_peer_is_believed(split: Split) -> None:
    assert list_posts(split, token(split)).posts
    assert not list_posts(split, token(split, workspace="theirs")).posts


@pytest.mark.parametrize(
    "changes",
    [
        {"secret": b"x" * 32},
        {"exp": datetime(2026, 1, 1, tzinfo=UTC)},
        {"exp": None},
        {"aud": "somebody-else"},
        {"aud": None},
        {"workspace": None},
        {"workspace": ["ours"]},
        {"role": None},
        {"role": "god"},
        {"scopes": None},
        {"algorithm": "none", "secret": None},
        {"algorithm": "HS512"},
    ],
    ids=str,
)
def test_a_forged_or_expired_word_is_refused(split: Split, changes: dict[str, object]) -> None:
    said = token(split, **changes)
    with refusal() as refused:
        list_posts(split, said)
    assert refused.code in {grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED}
    assert refused.reason in {"CREDENTIALS_INVALID", "PERMISSION_DENIED"}


@pytest.mark.parametrize("said", ["x", "a.b.c", "..", "e30.e30.e30", "x" * 5000])
def test_nonsense_in_place_of_a_word_is_refused(split: Split, said: str) -> None:
    with refusal() as refused:
        list_posts(split, said)
    assert (refused.code, refused.reason) == (grpc.StatusCode.UNAUTHENTICATED, "CREDENTIALS_INVALID")


def test_a_callers_own_key_counts_more_than_what_it_says_of_peers(split: Split) -> None:
    with grpc.insecure_channel(split.engagement.target) as channel:
        stub = engagement_pb2_grpc.EngagementServiceStub(channel)
        sent = ((PEER_HEADER, token(split)), ("authorization", f"Bearer {split.stranger}"))
        assert not stub.ListPosts(pb.ListPostsRequest(), metadata=sent).posts
