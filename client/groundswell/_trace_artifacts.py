"""Trace artifacts: what a context records about the error or the signal that ended it."""

from __future__ import annotations

import asyncio
import traceback
from pathlib import PurePath

from groundswell.v1.engagement_pb2 import ContextState, TraceArtifact

# Limits of the contract on a TraceArtifact, and how many causes of an error are recorded.
_TYPE_LENGTH, _MESSAGE_LENGTH, _LOCATION_LENGTH, _ARTIFACTS = 200, 10_000, 1_000, 10


def state_after(error: BaseException) -> ContextState.ValueType:
    """Returns FAILED after an error, CANCELLED after an interruption.

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
    """Returns a trace artifact for `error` and for each of its causes, nearest first."""
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
    """Returns a trace artifact, cut to the limits of the contract; text that is not UTF-8 is replaced."""
    clean = message.encode("utf-8", "replace").decode("utf-8")
    return TraceArtifact(
        type=kind[:_TYPE_LENGTH], message=clean[:_MESSAGE_LENGTH], location=location[-_LOCATION_LENGTH:]
    )


def location_of(filename: str, line: int | None) -> str:
    """Returns a place in the source, such as "render.py:88", without its folders, which may be private."""
    return f"{PurePath(filename).name}:{line}"
