"""A client of an empty workspace, on a server that all tests of a module share."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from groundswell import Client
from tests.running import RunningServer


@pytest.fixture
def client(shared_server: RunningServer) -> Iterator[Client]:
    """A client of an administrator."""
    with new_client(shared_server) as client:
        yield client


def new_client(server: RunningServer) -> Client:
    """Returns a client of an administrator of a separate workspace."""
    _, token = server.key(f"experimenters-{uuid4()}")
    return Client(server.target, api_key=token.removeprefix("Bearer "))
