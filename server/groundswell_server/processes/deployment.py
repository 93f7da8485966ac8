"""The processes of `groundswell serve` and `groundswell worker`, from their start to their end."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence

import structlog

from groundswell_server.bootstrap.shutdown_signals import ShutdownSignals
from groundswell_server.observability import logs
from groundswell_server.peers.sockets import peer_sockets
from groundswell_server.processes.child_spec import ChildSpec, Report
from groundswell_server.processes.event_loop import run_on_fastest_loop
from groundswell_server.processes.ports import check_free, shared_port
from groundswell_server.processes.supervisor import Child, Supervisor
from groundswell_server.settings import Settings, SettingsError

_BEYOND_GRACE_SECONDS = 6.0
"""Time after the grace period until a child is killed."""

log = structlog.get_logger(__name__)


def serve(settings: Settings, services: Sequence[str], *, workers: int = 1, insecure: bool = False) -> int:
    """Serves until SIGTERM or SIGINT and returns the exit code. Call it on the main thread.

    One server runs in this process. Several (`workers`) run in processes of their own that share the port, under the
    supervision of this one. In both cases `settings.training_workers` worker processes run too, and call the servers by
    Unix sockets. A line on standard output announces that calls are accepted. Raises SettingsError, and Unavailable for
    an unreachable database.
    """
    logs.configure(format=settings.log_format, level=settings.log_level)
    if workers == 1:
        return _SingleServer(settings, services, insecure=insecure).run()
    return _SupervisedServers(settings, services, workers, insecure=insecure).run()


def work(settings: Settings) -> int:
    """Runs jobs in this process until SIGTERM or SIGINT. Returns the exit code."""
    from groundswell_server.jobs.worker import run_worker

    logs.configure(format=settings.log_format, level=settings.log_level)
    return run_worker(settings)


class _SingleServer:
    """A server in this process, with worker processes."""

    def __init__(self, settings: Settings, services: Sequence[str], *, insecure: bool) -> None:
        self._settings = settings
        self._services = services
        self._insecure = insecure
        self._failure = ""

    def run(self) -> int:
        check_free(self._settings.host, self._settings.port)
        with peer_sockets(1) as sockets:
            self._supervisor = Supervisor(_worker_specs(self._settings, sockets), self._on_report)
            try:
                run_on_fastest_loop(self._serve(sockets[0]))
            finally:
                self._supervisor.terminate()
                self._supervisor.join(self._settings.grace_seconds + _BEYOND_GRACE_SECONDS)
        if self._failure:
            raise SettingsError(self._failure)
        return 0

    async def _serve(self, peer_socket: str) -> None:
        from groundswell_server.app import run_server

        self._loop = asyncio.get_running_loop()
        self._task = asyncio.create_task(
            run_server(
                self._settings, self._services, insecure=self._insecure, peer_socket=peer_socket, ready=self._ready
            )
        )
        await asyncio.wait([self._task])
        if not self._task.cancelled():
            self._task.result()

    def _ready(self, port: int) -> None:
        # They replace the server's own handlers, so that workers and server end at the same time.
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, self._end)
        # The first call should not wait for workers that start.
        _announce(self._settings, port, servers=1)
        self._supervisor.start()

    def _end(self) -> None:
        self._supervisor.terminate()
        self._task.cancel()

    def _on_report(self, child: Child, report: Report) -> None:
        if report.failure:
            log.error("worker not started", process=child.spec.name, error=report.failure)
        if report.permanent and not child.was_ready:
            self._failure = report.failure
            self._loop.call_soon_threadsafe(self._end)


class _SupervisedServers:
    """Servers and workers in processes of their own, which this process supervises."""

    def __init__(self, settings: Settings, services: Sequence[str], servers: int, *, insecure: bool) -> None:
        self._settings = settings
        self._services = tuple(services)
        self._servers = servers
        self._insecure = insecure
        self._lock = threading.Lock()
        self._ready: set[str] = set()
        self._failure = ""

    def run(self) -> int:
        with (
            shared_port(self._settings.host, self._settings.port) as port,
            peer_sockets(self._servers) as sockets,
            ShutdownSignals() as signals,
        ):
            self._signals = signals
            settings = self._settings.model_copy(update={"port": port})
            servers = Supervisor(self._server_specs(settings, sockets), self._on_report)
            workers = Supervisor(_worker_specs(settings, sockets), self._on_report)
            servers.start()
            signals.wait()
            if len(self._ready) == self._servers:
                _announce(settings, port, servers=self._servers)
                workers.start()
                signals.wait()
            self._end(signals, servers, workers)
        if self._failure:
            raise SettingsError(self._failure)
        return 0

    def _server_specs(self, settings: Settings, sockets: Sequence[str]) -> list[ChildSpec]:
        return [
            ChildSpec(
                "server",
                number,
                # A port each, because a process knows only its own counts.
                settings.model_copy(update={"metrics_port": settings.metrics_port and settings.metrics_port + number}),
                services=self._services,
                insecure=self._insecure,
                peer_socket=sockets[number],
            )
            for number in range(self._servers)
        ]

    def _on_report(self, child: Child, report: Report) -> None:
        """Wakes `run` when all servers are ready for the first time, and when a server cannot start."""
        name = child.spec.name
        if report.failure:
            log.error("process not started", process=name, error=report.failure)
            if not child.was_ready and (report.permanent or child.spec.role == "server"):
                self._failure = self._failure or report.failure
                self._signals.raise_one()
        elif child.spec.role == "server":
            with self._lock:
                complete = name not in self._ready and len(self._ready) == self._servers - 1
                self._ready.add(name)
            if complete:
                self._signals.raise_one()

    def _end(self, signals: ShutdownSignals, *supervisors: Supervisor) -> None:
        """Ends all processes at the same time, within the grace period, which a second signal ends."""
        for supervisor in supervisors:
            supervisor.terminate()
        deadline = time.monotonic() + self._settings.grace_seconds + _BEYOND_GRACE_SECONDS
        while any(supervisor.is_alive for supervisor in supervisors) and time.monotonic() < deadline:
            if signals.wait(0.05):
                break
        for supervisor in supervisors:
            supervisor.join(0)


def _worker_specs(settings: Settings, sockets: Sequence[str]) -> list[ChildSpec]:
    """Returns the specifications of the workers, which share out the servers that they call."""
    return [
        ChildSpec("worker", number, settings, peer_socket=sockets[number % len(sockets)])
        for number in range(settings.training_workers)
    ]


def _announce(settings: Settings, port: int, *, servers: int) -> None:
    """Prints the line which announces that calls are accepted."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    database = logs.scrub(settings.database_url.get_secret_value())
    sys.stdout.write(
        f"groundswell is ready on {host}:{port} (pid {os.getpid()}, {servers} server and {settings.training_workers} "
        f"worker processes, database {database}); Ctrl-C ends it\n"
    )
    sys.stdout.flush()
