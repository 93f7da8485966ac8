"""A client of a workspace that nothing is in yet, on a server that all tests of a module share."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from groundswell import Client
from tests.running import RunningServer


@pytest.fixture
def client(shared_server: RunningServer) -> Iterator[Client]:
    """Of an administrator."""
    _, token = shared_server.key(f"experimenters-{uuid4()}")
    with Client(shared_server.target, api_key=token.removeprefix("Bearer ")) as client:
        yield client
