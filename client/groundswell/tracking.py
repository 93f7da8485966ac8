"""Records pieces of generation as contexts: begun, and ended as DONE, FAILED or CANCELLED whatever happens in between.

An exception ends the context as FAILED with a trace artifact (type, message, location) for it and for each of its
causes, and is raised again. What a person or a supervisor stops ends as CANCELLED, with an artifact too:
KeyboardInterrupt, a cancelled task, `sys.exit()` without an error, SIGTERM, and the end of the interpreter (see
`_interrupts`).
"""

from __future__ import annotations

import asyncio
import logging
import traceback
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from groundswell import _interrupts
from groundswell.building import build, enum_number
from groundswell.errors import GroundswellError, InvalidArgument, invalid_field
from groundswell.v1.engagement_pb2 import Confidence, Context, ContextState, FinishContextRequest, TraceArtifact

if TYPE_CHECKING:
    from groundswell._connections import Connection
    from groundswell.v1.engagement_client import AsyncEngagementClient, EngagementClient

INTERRUPTED_TIMEOUT = 5.0
"""Seconds for recording the end of a context when the program is on its way out."""

# Limits of the contract on a TraceArtifact, and how many causes of an error are worth keeping.
_TYPE_LENGTH, _MESSAGE_LENGTH, _LOCATION_LENGTH, _ARTIFACTS = 200, 10_000, 1_000, 10
_OUTPUT_KIB = 256
"""Limit of the contract on an output: a larger one would be refused, and the context never end."""

_log = logging.getLogger(__name__)


class TrackedContext:
    """One piece of generation under way."""

    def __init__(self, context: Context) -> None:
        self.context: Context = context
        """The context as the server last told it: as begun, and after the block as ended."""
        self.output: dict[str, Any] = {}
        """What came out: fill it, or call `succeed`. Kept with a failure too, as far as it got."""
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
        """How sure one is of the approach; what is set here is recorded at the end."""
        return self._confidence or self.context.confidence

    @confidence.setter
    def confidence(self, value: Confidence.ValueType | str) -> None:
        number = enum_number(Confidence.DESCRIPTOR, value, "confidence") if isinstance(value, str) else value
        self._confidence = Confidence.ValueType(number)

    def succeed(self, output: Mapping[str, Any] | None = None, **more: Any) -> None:
        """Adds to `output`. The context ends as DONE when the block does, not here."""
        self.output.update(output or {}, **more)

    def end_done(self) -> FinishContextRequest:
        """The request that records success.

        Raises InvalidArgument when `output` is not what JSON knows, or more than the server takes.
        """
        return self._end(ContextState.CONTEXT_STATE_DONE, [], self.output)

    def end_with(self, error: BaseException) -> FinishContextRequest:
        """The request that records what `error` says of the end."""
        return self.end_as(state_after(error), artifacts_of(error))

    def end_as(self, state: ContextState.ValueType, artifacts: list[TraceArtifact]) -> FinishContextRequest:
        """The request that records another end than success; output that can't be recorded is left out.

        An end that is being recorded stays as it is: sent again under its request id, it is recorded once.
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
                "output", f"is over {_OUTPUT_KIB} KiB: keep what is large elsewhere, and its address here"
            )
        self._ending = ending
        return ending


@contextmanager
def track(engagement: EngagementClient, connection: Connection, start: Mapping[str, Any]) -> Iterator[TrackedContext]:
    """Begins a context with the fields `start`, and ends it with the block."""
    context = TrackedContext(engagement.start_context(**start).context)
    _interrupts.guard(context, connection)
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
        _interrupts.release(context)


@asynccontextmanager
async def track_async(
    engagement: AsyncEngagementClient, connection: Connection, start: Mapping[str, Any]
) -> AsyncIterator[TrackedContext]:
    """The same for asyncio. The end is recorded even when the task is cancelled once more meanwhile."""
    context = TrackedContext((await engagement.start_context(**start)).context)
    _interrupts.guard(context, connection)

    async def finish(request: FinishContextRequest, timeout: float | None) -> None:
        try:
            context.context = (await engagement.finish_context(request, timeout=timeout)).context
        finally:
            _interrupts.release(context)

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


def state_after(error: BaseException) -> ContextState.ValueType:
    """FAILED after an error, CANCELLED after what somebody stopped.

    >>> state_after(ValueError()) == ContextState.CONTEXT_STATE_FAILED
    True
    >>> state_after(KeyboardInterrupt()) == ContextState.CONTEXT_STATE_CANCELLED
    True
    """
    stopped = isinstance(error, KeyboardInterrupt | GeneratorExit | asyncio.CancelledError) or (
        isinstance(error, SystemExit) and not error.code
    )
    return ContextState.CONTEXT_STATE_CANCELLED if stopped else ContextState.CONTEXT_STATE_FAILED


def artifacts_of(error: BaseException) -> list[TraceArtifact]:
    """A trace artifact for `error` and for each of its causes, nearest first."""
    artifacts: list[TraceArtifact] = []
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen and len(artifacts) < _ARTIFACTS:
        seen.add(id(cause))
        frames = traceback.extract_tb(cause.__traceback__)
        location = location_of(frames[-1].filename, frames[-1].lineno) if frames else ""
        artifacts.append(artifact(type(cause).__qualname__, str(cause), location))
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return artifacts


def artifact(kind: str, message: str, location: str) -> TraceArtifact:
    """A trace artifact, cut to what the contract allows; text that is no UTF-8 is replaced."""
    clean = message.encode("utf-8", "replace").decode("utf-8")
    return TraceArtifact(
        type=kind[:_TYPE_LENGTH], message=clean[:_MESSAGE_LENGTH], location=location[-_LOCATION_LENGTH:]
    )


def location_of(filename: str, line: int | None) -> str:
    """Where something happened, such as "render.py:88"; the folders stay private."""
    return f"{PurePath(filename).name}:{line}"


def _timeout_after(error: BaseException) -> float | None:
    return None if isinstance(error, Exception) else INTERRUPTED_TIMEOUT


def _note_unrecorded(context: TrackedContext, error: BaseException, failure: GroundswellError) -> None:
    """Tells that the end of a context could not be recorded, without hiding the error that ended it."""
    message = f"the end of context {context.id} could not be recorded: {failure}"
    error.add_note(message)
    _log.warning(message)
