"""A supervisor of child processes: it restarts a process that dies, and ends all of them together."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence

import structlog

from groundswell_server.processes.child_spec import ChildSpec, Report

_FIRST_PAUSE_SECONDS = 0.1
_MAX_PAUSE_SECONDS = 10.0
_STEADY_SECONDS = 10.0
"""After so long a life, a child restarts with the first, shortest pause."""

Listener = Callable[["Child", Report], None]
log = structlog.get_logger(__name__)


class Child:
    """One child of a supervisor: a sequence of processes with the same specification."""

    def __init__(self, spec: ChildSpec, listener: Listener) -> None:
        """`listener` is called with each report of the child, on a thread of the child's own."""
        self.spec = spec
        self.was_ready = False
        """True when one of its processes has been ready."""
        self._listener = listener
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._supervise, name=f"supervise-{spec.name}", daemon=True)

    @property
    def pid(self) -> int | None:
        """The id of its process, or None while there is none."""
        process = self._process
        return None if process is None else process.pid

    @property
    def is_alive(self) -> bool:
        """True while there is a process, or another one will be started."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Starts a process, and restarts it whenever it dies."""
        self._thread.start()

    def terminate(self) -> None:
        """Asks the process to end gracefully; it is not restarted."""
        self._ending.set()
        self._send(signal.SIGTERM)

    def join(self, seconds: float) -> None:
        """Waits at most `seconds` for the end, then kills the process."""
        if not self._thread.is_alive():
            return
        self._thread.join(max(0.0, seconds))
        if self._thread.is_alive():
            log.warning("process did not end and was killed", process=self.spec.name, pid=self.pid)
            self._send(signal.SIGKILL)
            self._thread.join()

    def _send(self, number: signal.Signals) -> None:
        with self._lock:
            if self._process is not None:
                self._process.send_signal(number)

    def _supervise(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while not self._ending.is_set():
            started = time.monotonic()
            code = self._run()
            if self._ending.is_set():
                return
            if time.monotonic() - started > _STEADY_SECONDS:
                pause = _FIRST_PAUSE_SECONDS
            log.warning(
                "process ended unexpectedly and will be restarted", process=self.spec.name, code=code, in_seconds=pause
            )
            self._ending.wait(pause)
            pause = min(pause * 2, _MAX_PAUSE_SECONDS)

    def _run(self) -> int | None:
        """Runs one process from start to end. Returns its exit code, or None when none was started."""
        ours, theirs = socket.socketpair()
        with ours:
            with theirs, self._lock:
                if self._ending.is_set():
                    return None
                # In a group of its own, so that Ctrl-C reaches the parent alone, which then ends its children.
                process = self._process = subprocess.Popen(  # noqa: S603 - this very program
                    [sys.executable, "-P", "-m", "groundswell_server.processes.child_main", self.spec.name],
                    stdin=theirs.fileno(),
                    process_group=0,
                )
            with contextlib.suppress(OSError):
                ours.sendall(self.spec.encode())
                for line in ours.makefile("rb"):
                    self._on_report(Report.decode(line))
            code = process.wait()
        with self._lock:
            self._process = None
        return code

    def _on_report(self, report: Report) -> None:
        self._listener(self, report)
        self.was_ready = self.was_ready or report.ready


class Supervisor:
    """A group of children that start and end together."""

    def __init__(self, specs: Sequence[ChildSpec], listener: Listener) -> None:
        self.children = [Child(each, listener) for each in specs]

    @property
    def is_alive(self) -> bool:
        """True while any of them is left."""
        return any(child.is_alive for child in self.children)

    def start(self) -> None:
        """Starts all children."""
        for child in self.children:
            child.start()

    def terminate(self) -> None:
        """Asks all children to end, and returns at once."""
        for child in self.children:
            child.terminate()

    def join(self, seconds: float) -> None:
        """Waits at most `seconds` for all of them to end, then kills the rest."""
        deadline = time.monotonic() + seconds
        for child in self.children:
            child.join(deadline - time.monotonic())
