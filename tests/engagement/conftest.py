"""A server with EngagementService alone, which needs no other; each test works in a workspace of its own."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest

from groundswell.v1 import engagement_pb2_grpc
from tests.running import RunningServer


@pytest.fixture(scope="package", params=["sqlite", "postgresql"])
def engagement_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """A real server that serves Engagement to all tests of this folder, once on a database of each kind."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('engagement') / 'groundswell.db'}"
    else:
        url = _new_database(request.getfixturevalue("postgresql_server"))
    with RunningServer(url, ["engagement"]) as running:
        yield running


@pytest.fixture
def engagement(engagement_server: RunningServer) -> engagement_pb2_grpc.EngagementServiceStub:
    """Its stub, with a key of a workspace that nothing is in yet."""
    return engagement_server.engagement(engagement_server.key(uuid4().hex))


@pytest.fixture
def stranger(engagement_server: RunningServer) -> engagement_pb2_grpc.EngagementServiceStub:
    """The stub of somebody in another workspace."""
    return engagement_server.engagement(engagement_server.key(uuid4().hex))


def _new_database(server: str) -> str:
    name = f"engagement_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    head, separator, parameters = server.partition("?")
    return f"{head.rpartition('/')[0]}/{name}{separator}{parameters}"
