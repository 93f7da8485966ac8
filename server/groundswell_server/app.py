"""The composition root: it constructs the database, the services, the stages and the ports of a server."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from functools import partial
from importlib import import_module
from typing import Any

import grpc.aio
import structlog

from groundswell_server.bootstrap import tls
from groundswell_server.bootstrap.database import migrate, open_database
from groundswell_server.bootstrap.gc_freeze import gc_freeze
from groundswell_server.bootstrap.master_key import master_key
from groundswell_server.jobs.queue import JobQueue
from groundswell_server.observability.metrics import Metrics
from groundswell_server.peers.peers import Peers
from groundswell_server.peers.sockets import peer_sockets
from groundswell_server.peers.tokens import PeerTokens
from groundswell_server.runtime import errors, idempotency, request_id, validation
from groundswell_server.runtime.authentication import Authenticator
from groundswell_server.runtime.background_tasks import Work, keep_running
from groundswell_server.runtime.deadline import Deadlines
from groundswell_server.runtime.dispatcher import Dispatcher
from groundswell_server.runtime.introspection import Introspection
from groundswell_server.runtime.limits import Limiter
from groundswell_server.runtime.pipeline import Stage
from groundswell_server.runtime.telemetry import CallTelemetry
from groundswell_server.services.dependencies import Dependencies
from groundswell_server.services.registry import SERVICES, unknown_service
from groundswell_server.settings import Settings, SettingsError
from groundswell_storage.access import keys
from groundswell_storage.calls.token_buckets import Draw, Limit, draw
from groundswell_storage.events.feed import EventFeed
from groundswell_storage.executor import DatabaseExecutor

_FIRST_CALLS_SECONDS = 0.2

log = structlog.get_logger(__name__)


class App:
    """One server process, from its start to its graceful end."""

    def __init__(
        self,
        settings: Settings,
        services: Iterable[str] = SERVICES,
        *,
        insecure: bool = False,
        shared_port: bool = False,
        peer_socket: str = "",
    ) -> None:
        self._settings = settings
        self._services = tuple(services)
        self._servicers: dict[str, asyncio.Task[Any]] = {}
        self._insecure = insecure
        self._shared_port = shared_port
        self._peer_socket = peer_socket
        self._background: list[asyncio.Task[None]] = []
        self._resources = AsyncExitStack()
        self.port = 0
        """The port on which it listens, once started."""

    async def start(self) -> None:
        """Opens the database and listens. The first call of a service loads it.

        Raises SettingsError for settings and services that cannot be served.
        """
        settings = self._settings
        self.database = database = open_database(settings)
        migrate(database)
        has_keys = keys.any_active(database)
        tls.check_exposure(settings, has_keys=has_keys, insecure=self._insecure)
        self._metrics = Metrics()
        self._executor = executor = DatabaseExecutor(
            database, max_queue=settings.database_queue, observe=self._metrics.observe_batch
        )
        self._metrics.watch_backlog(lambda: executor.backlog)
        self._feed = EventFeed(executor)
        await self._feed.start()
        tokens = PeerTokens(database, partial(master_key, settings))
        peer_socket = self._peer_socket or self._resources.enter_context(peer_sockets(1))[0]
        self._peers = Peers(settings.peers, peer_socket, tokens, tls.peer_credentials(settings))
        self.authenticator = Authenticator(executor, keyless=self._keyless(has_keys), verify_peer=tokens.verify)
        self._deadlines = Deadlines(timedelta(seconds=settings.default_deadline_seconds))
        self._dispatcher = Dispatcher(self._stages(), executor, max_message_bytes=settings.max_message_bytes)
        self.dependencies = Dependencies(
            settings, database, executor, self._feed, JobQueue(database, settings), self._peers
        )
        self._server = self._listen(peer_socket)
        if problem := unknown_service(self._services):
            raise SettingsError(problem)
        for name in self._services:
            self._dispatcher.promise(SERVICES[name], partial(self._servicer, name))
        self._introspection = Introspection(self._dispatcher)
        await self._server.start()
        await self._introspection.serving()
        self._metrics.serve(settings.host, settings.metrics_port)
        self._keep_running("keys", partial(self.authenticator.follow, self._feed))
        self._keep_running("streams of keys", self.authenticator.streams.run)
        self._keep_running("deadlines", self._deadlines.run)

    async def complete(self) -> None:
        """Loads the services that have not been called yet, and starts their background tasks.

        This follows the start because it takes as long again, and some services import heavy libraries in a thread:
        calls are answered meanwhile.
        """
        servicers = {name: await self._servicer(name) for name in self._services}
        for name, servicer in servicers.items():
            if hasattr(servicer, "run"):
                self._keep_running(name, servicer.run)
        self._keep_running("jobs", partial(self.dependencies.jobs.run, self._feed))

    def _keep_running(self, name: str, work: Work) -> None:
        self._background.append(asyncio.create_task(keep_running(name, work, self._metrics.count_failure)))

    async def stop(self) -> None:
        """Reports NOT_SERVING, ends streams, lets calls in flight finish, and closes all resources."""
        await self._introspection.not_serving()
        self._dispatcher.end_streams()
        await self._server.stop(self._settings.grace_seconds)
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        self.authenticator.uses.close()
        await self._peers.close()
        await self._feed.close()
        await asyncio.to_thread(self._executor.close)
        self._metrics.close()
        await self._resources.aclose()

    def _keyless(self, has_keys: bool) -> bool:
        """Returns True when callers without a key are let in: on loopback, and with `insecure` while no key exists."""
        if self._settings.require_keys:
            return False
        return tls.is_loopback(self._settings.host) or (self._insecure and not has_keys)

    def _stages(self) -> list[Stage]:
        """Returns the stages that every call passes through, outermost first."""
        settings = self._settings
        telemetry = CallTelemetry(log_calls=settings.log_calls)
        self._metrics.register(telemetry)
        limit = Limit(settings.rate_limit_per_second, settings.rate_limit_burst)
        limiter = Limiter(limit, partial(self._draw, limit), streams_per_key=settings.streams_per_key)
        return [
            request_id.stage,  # first, because all others log or return the id
            telemetry.stage,  # around the errors, to count calls by status code
            errors.stage,  # around all stages that may refuse a call
            self.authenticator.stage,  # before any work for an unknown caller
            self._deadlines.stage,
            limiter.stage,  # after the principal is known; before the cost of validation
            validation.stage,
            idempotency.stage,  # last: only calls that passed all stages are recorded
        ]

    def _draw(self, limit: Limit, key: str, wanted: int) -> Awaitable[Draw]:
        return self._executor.write(lambda: draw(self.database, key, wanted, limit))

    def _listen(self, peer_socket: str) -> grpc.aio.Server:
        settings = self._settings
        server = grpc.aio.server(
            options=[
                # gRPC's own refusal has no details: messages up to twice the limit are read and refused with details.
                ("grpc.max_receive_message_length", 2 * settings.max_message_bytes),
                ("grpc.max_send_message_length", -1),
                ("grpc.so_reuseport", int(self._shared_port)),
                ("grpc.http2.max_ping_strikes", 0),
                ("grpc.keepalive_permit_without_calls", 1),
            ]
        )
        server.add_generic_rpc_handlers((self._dispatcher,))
        credentials = tls.server_credentials(settings)
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        address = f"{host}:{settings.port}"
        try:
            add = partial(server.add_secure_port, server_credentials=credentials) if credentials else None
            self.port = add(address) if add else server.add_insecure_port(address)
        except RuntimeError as error:
            cure = "if another server uses it, choose another --port"
            raise SettingsError(f"cannot listen on {address}: {error}; {cure}") from error
        # Only this user can reach the folder of the socket. Callers on it need a peer's token nevertheless.
        server.add_insecure_port(peer_socket)
        return server

    async def _servicer(self, name: str) -> Any:
        """Returns the servicer of a service; loads and registers it at the first call."""
        if name not in self._servicers:
            self._servicers[name] = asyncio.create_task(self._load(name))
        # The load continues when one of the callers that wait for it is cancelled.
        return await asyncio.shield(self._servicers[name])

    async def _load(self, name: str) -> Any:
        module = await asyncio.to_thread(import_module, f"groundswell_server.{name}.service")
        servicer = module.Servicer(self.dependencies)
        self._dispatcher.register(SERVICES[name], servicer)
        if hasattr(servicer, "collector"):
            self._metrics.register(servicer.collector)
        return servicer


async def run_server(
    settings: Settings,
    services: Iterable[str] = SERVICES,
    *,
    insecure: bool = False,
    shared_port: bool = False,
    peer_socket: str = "",
    ready: Callable[[int], None] = lambda port: None,
) -> None:
    """Serves until SIGTERM, SIGINT or cancellation, then ends gracefully.

    `shared_port` lets several processes listen on one port, among which the kernel distributes connections. Workers on
    this machine call the server at `peer_socket`. `ready` is called with the port.
    """
    app = App(settings, services, insecure=insecure, shared_port=shared_port, peer_socket=peer_socket)
    with gc_freeze():
        await app.start()
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    log.info("serving", port=app.port, services=list(services), pid=os.getpid(), database=app.database.shown_url)
    ready(app.port)
    try:
        with gc_freeze():
            # The first calls, and the services that they load, come before services without a call.
            with suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), _FIRST_CALLS_SECONDS)
            await app.complete()
        await ended.wait()
    finally:
        log.info("draining", grace_seconds=settings.grace_seconds)
        await app.stop()
