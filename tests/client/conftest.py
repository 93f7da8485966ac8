"""A loopback server and clients of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from groundswell import AsyncClient, Client
from tests.client.loopback import LoopbackServer


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is set on the machine must not steer a test."""
    for name in ("TARGET", "API_KEY", "CA", "CERTIFICATE", "PRIVATE_KEY"):
        monkeypatch.delenv(f"GROUNDSWELL_{name}", raising=False)


@pytest.fixture
def loopback() -> Iterator[LoopbackServer]:
    """A server without answers: the test gives them."""
    with LoopbackServer() as running:
        yield running


@pytest.fixture
def client(loopback: LoopbackServer) -> Iterator[Client]:
    """A client of the loopback server, for threads."""
    with Client(loopback.target) as client:
        yield client


@pytest.fixture
async def async_client(loopback: LoopbackServer) -> AsyncIterator[AsyncClient]:
    """A client of the loopback server, for asyncio."""
    async with AsyncClient(loopback.target) as client:
        yield client
