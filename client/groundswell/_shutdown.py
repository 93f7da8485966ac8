"""Ends the contexts that are still open when the process ends, by SIGTERM or by the end of the interpreter.

SIGTERM kills a Python program without running any `finally`. While a context is open, a signal handler records the end
of all open contexts and then lets the signal take its usual effect. The handler is installed only from the main thread
and only in place of the default handler. A program with its own handler (asyncio's `add_signal_handler` installs one)
keeps it, and is expected to unwind or to exit, which ends its contexts in the ordinary way. The handler is removed
with the last open context. SIGKILL can't be handled: the context stays PROCESSING.

The calls are sent over a separate channel, because the client's channel may be locked by the code that the signal
interrupted, or may belong to an event loop that has stopped.
"""

from __future__ import annotations

import atexit
import logging
import os
import signal
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Protocol

from groundswell._channel_invoker import ChannelInvoker
from groundswell.errors import GroundswellError

if TYPE_CHECKING:
    from groundswell._connections import Connection
    from groundswell.v1.engagement_pb2 import ContextState, FinishContextRequest, TraceArtifact

TIME_FOR_ALL = 3.0
"""Seconds by which the recording may delay the end of the process; supervisors send SIGKILL after about 10."""

_log = logging.getLogger(__name__)


class OpenContext(Protocol):
    """A context that has not ended yet."""

    def end_as(self, state: ContextState.ValueType, artifacts: list[TraceArtifact]) -> FinishContextRequest:
        """Returns the request that records its end."""
        ...


@dataclass(frozen=True, slots=True)
class _Guarded:
    context: OpenContext
    connection: Connection
    process: int
    """Id of the process. A forked child inherits this registry, but must not end its parent's contexts."""


# A dict needs no lock. A signal handler must not wait for one that the interrupted code may hold.
_open: dict[int, _Guarded] = {}


def guard(context: OpenContext, connection: Connection) -> None:
    """Ends the context when the process ends before `release`."""
    _open[id(context)] = _Guarded(context, connection, os.getpid())
    if _in_main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _on_sigterm)


def release(context: OpenContext) -> None:
    """Undoes `guard`."""
    _open.pop(id(context), None)
    if not _open and _in_main_thread() and signal.getsignal(signal.SIGTERM) is _on_sigterm:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _on_sigterm(number: int, frame: FrameType | None) -> None:
    from groundswell._trace_artifacts import location_of

    location = location_of(frame.f_code.co_filename, frame.f_lineno) if frame else ""
    # A separate thread can be abandoned when it takes too long.
    arguments = ("SIGTERM", "the process received SIGTERM", location)
    recording = threading.Thread(target=_end_open, args=arguments, name="groundswell-sigterm", daemon=True)
    recording.start()
    recording.join(TIME_FOR_ALL)
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


@atexit.register
def _on_exit() -> None:
    _end_open("InterpreterExit", "the process ended before the work did", "")


def _end_open(kind: str, message: str, location: str) -> None:
    """Records the end of every open context of this process, as CANCELLED unless another end is being recorded."""
    from groundswell._trace_artifacts import artifact
    from groundswell.v1.engagement_pb2 import ContextState

    requests: dict[Connection, list[FinishContextRequest]] = {}
    for guarded in list(_open.values()):
        if guarded.process == os.getpid():
            request = guarded.context.end_as(ContextState.CONTEXT_STATE_CANCELLED, [artifact(kind, message, location)])
            requests.setdefault(guarded.connection, []).append(request)
    _open.clear()
    end = time.monotonic() + TIME_FOR_ALL
    for connection, its_requests in requests.items():
        _send(connection, its_requests, end)


def _send(connection: Connection, requests: Iterable[FinishContextRequest], end: float) -> None:
    from groundswell.v1.engagement_client import FINISH_CONTEXT

    invoker = ChannelInvoker(connection)
    for request in requests:
        try:
            invoker.unary(FINISH_CONTEXT, request, max(end - time.monotonic(), 0.0), None)
        except GroundswellError as error:
            _log.warning("the end of context %s could not be recorded: %s", request.context_id, error)
    invoker.close()
