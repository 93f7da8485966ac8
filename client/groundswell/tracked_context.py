"""Records pieces of generation as contexts: begun, and ended as DONE, FAILED or CANCELLED whatever happens in between.

An exception ends the context as FAILED with a trace artifact (type, message, location) for it and for each of its
causes, and is raised again. Work that a person or a supervisor stops ends as CANCELLED, also with an artifact:
KeyboardInterrupt, a cancelled task, `sys.exit()` without an error, SIGTERM, and the end of the interpreter (see
`_shutdown`).
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

from groundswell import _shutdown
from groundswell._trace_artifacts import artifacts_of, state_after
from groundswell.errors import GroundswellError, InvalidArgument, invalid_field
from groundswell.message_builder import build, enum_number
from groundswell.v1.engagement_pb2 import Confidence, Context, ContextState, FinishContextRequest, TraceArtifact

if TYPE_CHECKING:
    from groundswell._connections import Connection
    from groundswell.v1.engagement_client import AsyncEngagementClient, EngagementClient

INTERRUPTED_TIMEOUT = 5.0
"""Seconds for recording the end of a context when the program is about to end."""

_OUTPUT_KIB = 256
"""Limit of the contract on an output. A larger one would be refused, and the context would never end."""

_log = logging.getLogger(__name__)


class TrackedContext:
    """A piece of generation in progress."""

    def __init__(self, context: Context) -> None:
        self.context: Context = context
        """The context as the server last returned it: as started, and after the block as ended."""
        self.output: dict[str, Any] = {}
        """The output: fill it, or call `succeed`. What is in it is recorded with a failure too."""
        self._confidence = Confidence.CONFIDENCE_UNSPECIFIED
        self._request_id = str(uuid.uuid4())
        self._ending: FinishContextRequest | None = None

    def __repr__(self) -> str:
        state = ContextState.Name(self.context.state).removeprefix("CONTEXT_STATE_")
        return f"<{type(self).__name__} {self.id}: {self.context.phase}, {state}>"

    @property
    def id(self) -> str:
        """Identifier of the context, for `create_post(context_id=...)`."""
        return self.context.id

    @property
    def confidence(self) -> Confidence.ValueType:
        """Confidence in the approach. A new value is recorded when the context ends."""
        return self._confidence or self.context.confidence

    @confidence.setter
    def confidence(self, value: Confidence.ValueType | str) -> None:
        number = enum_number(Confidence.DESCRIPTOR, value, "confidence") if isinstance(value, str) else value
        self._confidence = Confidence.ValueType(number)

    def succeed(self, output: Mapping[str, Any] | None = None, **more: Any) -> None:
        """Adds to `output`. The context ends as DONE when the block does, not here."""
        self.output.update(output or {}, **more)

    def end_done(self) -> FinishContextRequest:
        """Returns the request that records success.

        Raises InvalidArgument when `output` can't be written as JSON, or is larger than the server accepts.
        """
        return self._end(ContextState.CONTEXT_STATE_DONE, [], self.output)

    def end_with(self, error: BaseException) -> FinishContextRequest:
        """Returns the request that records the end by `error`."""
        return self.end_as(state_after(error), artifacts_of(error))

    def end_as(self, state: ContextState.ValueType, artifacts: list[TraceArtifact]) -> FinishContextRequest:
        """Returns the request that records an end other than success, without output that can't be recorded.

        An end that is already being recorded is returned again: under the same request id it is recorded once.
        """
        if self._ending is not None:
            return self._ending
        try:
            return self._end(state, artifacts, self.output)
        except InvalidArgument:
            return self._end(state, artifacts, {})

    def _end(
        self, state: ContextState.ValueType, artifacts: list[TraceArtifact], output: Mapping[str, Any]
    ) -> FinishContextRequest:
        fields = {
            "context_id": self.id,
            "state": state,
            "output": output or None,
            "confidence": self._confidence,
            "trace_artifacts": artifacts,
            "request_id": self._request_id,
        }
        ending = build(FinishContextRequest, fields)
        if ending.output.ByteSize() > _OUTPUT_KIB * 1024:
            raise invalid_field(
                "output", f"is larger than {_OUTPUT_KIB} KiB: store large data elsewhere and put its address here"
            )
        self._ending = ending
        return ending


@contextmanager
def track(engagement: EngagementClient, connection: Connection, start: Mapping[str, Any]) -> Iterator[TrackedContext]:
    """Starts a context with the fields `start`, and ends it with the block."""
    context = TrackedContext(engagement.start_context(**start).context)
    _shutdown.guard(context, connection)
    try:
        yield context
        request = context.end_done()
    except BaseException as error:
        try:
            timeout = _timeout_after(error)
            context.context = engagement.finish_context(context.end_with(error), timeout=timeout).context
        except GroundswellError as failure:
            _note_unrecorded(context, error, failure)
        raise
    else:
        context.context = engagement.finish_context(request).context
    finally:
        _shutdown.release(context)


@asynccontextmanager
async def track_async(
    engagement: AsyncEngagementClient, connection: Connection, start: Mapping[str, Any]
) -> AsyncIterator[TrackedContext]:
    """As `track`, for asyncio. The end is recorded even when the task is cancelled again meanwhile."""
    context = TrackedContext((await engagement.start_context(**start)).context)
    _shutdown.guard(context, connection)

    async def finish(request: FinishContextRequest, timeout: float | None) -> None:
        try:
            context.context = (await engagement.finish_context(request, timeout=timeout)).context
        finally:
            _shutdown.release(context)

    try:
        yield context
        request = context.end_done()
    except BaseException as error:
        try:
            await asyncio.shield(finish(context.end_with(error), _timeout_after(error)))
        except GroundswellError as failure:
            _note_unrecorded(context, error, failure)
        raise
    else:
        await asyncio.shield(finish(request, None))


def _timeout_after(error: BaseException) -> float | None:
    return None if isinstance(error, Exception) else INTERRUPTED_TIMEOUT


def _note_unrecorded(context: TrackedContext, error: BaseException, failure: GroundswellError) -> None:
    """Notes on `error` that the end of the context could not be recorded."""
    message = f"the end of context {context.id} could not be recorded: {failure}"
    error.add_note(message)
    _log.warning(message)
