"""A real server on a loopback port, in a thread of the test process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from typing import Any

import grpc
import numpy as np  # noqa: F401  # else pytest.approx may see NumPy while a server's thread is still importing it
from pydantic import SecretStr

from groundswell.v1 import engagement_pb2_grpc, learning_pb2_grpc
from groundswell_server.app import App
from groundswell_server.services.registry import SERVICES
from groundswell_server.settings import Settings
from groundswell_storage.access import keys


class RunningServer:
    """A server that starts on entry and stops gracefully on exit, with stubs."""

    def __init__(self, database_url: str, services: Iterable[str] = SERVICES, **settings: Any) -> None:
        self.settings = Settings(database_url=SecretStr(database_url), port=0, grace_seconds=2.0, **settings)
        self._services = services
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="test-server", daemon=True)
        self._open = ExitStack()

    def __enter__(self) -> RunningServer:
        self._thread.start()
        self.app: App = self.on_loop(self._start)
        return self

    async def _start(self) -> App:
        app = App(self.settings, self._services)
        await app.start()
        await app.complete()
        return app

    def __exit__(self, *_: object) -> None:
        self._open.close()
        self.on_loop(self.app.stop)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def on_loop(self, function: Callable[[], Any]) -> Any:
        """Runs a coroutine function on the server's event loop and returns its result."""
        return asyncio.run_coroutine_threadsafe(function(), self._loop).result(30)

    @property
    def target(self) -> str:
        """The address on which it listens."""
        return f"127.0.0.1:{self.app.port}"

    def channel(self, *metadata: tuple[str, str]) -> grpc.Channel:
        """Returns a channel that sends this metadata with every call; it is closed with the server."""
        channel = self._open.enter_context(grpc.insecure_channel(self.target))
        return grpc.intercept_channel(channel, *([_WithMetadata(metadata)] if metadata else []))

    def key(self, workspace: str, role: str = "admin", scopes: Sequence[str] = (keys.ALL_SCOPES,)) -> tuple[str, str]:
        """Creates an API key of a workspace and returns its metadata."""
        with self.app.database.scope(workspace, "tester") as scope:
            _, token = keys.create(scope, name=f"{workspace} {role}", role=role, scopes=tuple(scopes))
        return "authorization", f"Bearer {token}"

    def engagement(self, *metadata: tuple[str, str]) -> engagement_pb2_grpc.EngagementServiceStub:
        """A stub of EngagementService."""
        return engagement_pb2_grpc.EngagementServiceStub(self.channel(*metadata))

    def learning(self, *metadata: tuple[str, str]) -> learning_pb2_grpc.LearningServiceStub:
        """A stub of LearningService."""
        return learning_pb2_grpc.LearningServiceStub(self.channel(*metadata))


class _WithMetadata(
    grpc.UnaryUnaryClientInterceptor,
    grpc.UnaryStreamClientInterceptor,
    grpc.StreamUnaryClientInterceptor,
    grpc.StreamStreamClientInterceptor,
):
    def __init__(self, metadata: tuple[tuple[str, str], ...]) -> None:
        self._metadata = metadata

    def _call(self, proceed: Any, details: Any, request: Any) -> Any:
        sent = (*(details.metadata or ()), *self._metadata)
        return proceed(details._replace(metadata=sent), request)

    intercept_unary_unary: Any = _call
    intercept_unary_stream: Any = _call
    intercept_stream_unary: Any = _call
    intercept_stream_stream: Any = _call
