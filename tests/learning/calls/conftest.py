"""A server for all tests of this folder, and a studio in it: a workspace with posts and models that learnt from them.

Each test that changes something works in a workspace of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from uuid import uuid4

import psycopg
import pytest

from groundswell.v1 import learning_pb2
from groundswell.v1.learning_pb2_grpc import LearningServiceStub
from tests.learning.calls import world
from tests.learning.calls.studio import POSTS, Studio
from tests.running import RunningServer


@pytest.fixture(scope="package", params=["sqlite", "postgresql"])
def learning_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """A real server, once on a database of each kind."""
    with ExitStack() as opened:
        if request.param == "sqlite":
            url = f"sqlite:///{tmp_path_factory.mktemp('learning') / 'groundswell.db'}"
        else:
            url = _new_database(request.getfixturevalue("postgresql_server"))
        yield opened.enter_context(RunningServer(url))


@pytest.fixture(scope="package")
def studio(learning_server: RunningServer) -> Studio:
    """A workspace that has learnt: one persona, `POSTS` posts, both models live. Tests leave it as it is."""
    studio = Studio.open(learning_server)
    studio.publish(world.posts(POSTS))
    for model_type in ("ENGAGEMENT_PREDICTOR", "SUCCESS_CLASSIFIER"):
        model = studio.train(model_type)
        assert model.stage == learning_pb2.MODEL_STAGE_LIVE, list(model.notes)
    return studio


@pytest.fixture
def empty(learning_server: RunningServer) -> Studio:
    """A workspace that nothing is in yet."""
    return Studio.open(learning_server)


@pytest.fixture
def stranger(learning_server: RunningServer) -> LearningServiceStub:
    """The stub of somebody in another workspace."""
    return Studio.open(learning_server).learning


def _new_database(server: str) -> str:
    name = f"learning_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    head, separator, parameters = server.partition("?")
    return f"{head.rpartition('/')[0]}/{name}{separator}{parameters}"
