"""Ends the contexts that are still open when the process does, by SIGTERM or by the end of the interpreter.

SIGTERM kills a Python program without running any `finally`. While a context is open, a handler stands in its way that
records the end of all open contexts and then lets the signal do what it would have done. It is put in place only from
the main thread and only over the default: a program with a handler of its own (asyncio's `add_signal_handler` makes
one) keeps it, and is expected to unwind or to exit, which ends its contexts in the ordinary way. It goes away with the
last open context. Nothing can be done about SIGKILL: such a context stays PROCESSING.

The calls go over a channel of their own: that of the client may be locked by the very code that the signal interrupted,
or belong to an event loop that has stopped.
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
from typing import TYPE_CHECKING

from groundswell._invokers import ChannelInvoker
from groundswell.errors import GroundswellError

if TYPE_CHECKING:
    from groundswell._connections import Connection
    from groundswell.tracking import TrackedContext
    from groundswell.v1.engagement_pb2 import FinishContextRequest

TIME_FOR_ALL = 3.0
"""Seconds that the recording may hold up the end of the process: supervisors send SIGKILL after some 10."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Guarded:
    context: TrackedContext
    connection: Connection
    process: int
    """A forked child inherits this registry, but not the work."""


# A signal handler must not wait for a lock that the code it interrupted may hold: operations on a dict need none.
_open: dict[int, _Guarded] = {}


def guard(context: TrackedContext, connection: Connection) -> None:
    """Sees to it that the context is ended when the process is, until `release`."""
    _open[id(context)] = _Guarded(context, connection, os.getpid())
    if _in_main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _on_sigterm)


def release(context: TrackedContext) -> None:
    """Ends what `guard` began."""
    _open.pop(id(context), None)
    if not _open and _in_main_thread() and signal.getsignal(signal.SIGTERM) is _on_sigterm:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _on_sigterm(number: int, frame: FrameType | None) -> None:
    from groundswell.tracking import location_of

    location = location_of(frame.f_code.co_filename, frame.f_lineno) if frame else ""
    # In a thread of its own, which can be left behind when it takes too long.
    arguments = ("SIGTERM", "the process was told to end", location)
    recording = threading.Thread(target=_end_open, args=arguments, name="groundswell-sigterm", daemon=True)
    recording.start()
    recording.join(TIME_FOR_ALL)
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


@atexit.register
def _on_exit() -> None:
    _end_open("InterpreterExit", "the process ended before the work did", "")


def _end_open(kind: str, message: str, location: str) -> None:
    """Records the end of every open context of this process: as CANCELLED, or as the end that was being recorded."""
    from groundswell.tracking import artifact
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
