"""Calls from a worker to the other services: `Peers` on an event loop in a thread of its own.

Jobs are synchronous and Peers is not. A job waits on its own thread for a coroutine on the loop, so that code which
calls other services is written once, for calls and for jobs.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar

from groundswell_server.bootstrap.master_key import master_key
from groundswell_server.bootstrap.tls import peer_credentials
from groundswell_server.peers.peers import Peers
from groundswell_server.peers.tokens import PeerTokens
from groundswell_server.settings import Settings
from groundswell_storage.database import Database

T = TypeVar("T")


class PeerLoop:
    """The loop of a worker process. It runs while the `with` block does, and connects at the first call."""

    def __init__(self, settings: Settings, database: Database, peer_socket: str = "") -> None:
        """`peer_socket` is as in `Peers`. Raises SettingsError for peers that cannot be reached safely."""
        tokens = PeerTokens(database, partial(master_key, settings))
        self.peers = Peers(settings.peers, peer_socket, tokens, peer_credentials(settings))
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="groundswell-peers", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.wait_for(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def wait_for(self, work: Coroutine[Any, Any, T]) -> T:
        """Runs a coroutine on the loop. Returns its result or raises its error."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _close(self) -> None:
        await self.peers.close()
        await self._loop.shutdown_default_executor()
