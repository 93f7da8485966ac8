"""The life of a context: which state may follow which, and how it ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from groundswell_storage.engagement.enums import ContextState
from groundswell_storage.errors import FailedPrecondition, InvalidArgument

TERMINAL_STATES: Final = frozenset({ContextState.DONE, ContextState.FAILED, ContextState.CANCELLED})
"""A context in one of them has ended for good; the work done again is another context."""

TRANSITIONS: Final[Mapping[ContextState, frozenset[ContextState]]] = MappingProxyType(
    {
        ContextState.READY: frozenset({ContextState.PROCESSING, *TERMINAL_STATES}),
        ContextState.PROCESSING: TERMINAL_STATES,
        ContextState.DONE: frozenset(),
        ContextState.FAILED: frozenset(),
        ContextState.CANCELLED: frozenset(),
    }
)
"""What may follow each state. One who plans and finishes in one go may skip PROCESSING."""


@dataclass(frozen=True, slots=True)
class TraceArtifact:
    """One trace of a failure."""

    type: str
    """Type of the error, such as "TimeoutError"."""
    message: str
    location: str
    """Where it happened, such as "render.py:88"; empty when unknown."""


@dataclass(frozen=True, slots=True)
class Finish:
    """The end of a context."""

    state: ContextState
    end_time: datetime
    trace_artifacts: tuple[TraceArtifact, ...]


def start_state(requested: ContextState | None = None) -> ContextState:
    """The state a context opens in: PROCESSING unless READY is asked for; raises InvalidArgument for any other."""
    if requested in (None, ContextState.UNSPECIFIED, ContextState.PROCESSING):
        return ContextState.PROCESSING
    if requested is ContextState.READY:
        return requested
    raise InvalidArgument.of("state", "a context opens as READY or PROCESSING")


def check_transition(current: ContextState, target: ContextState) -> None:
    """Raise FailedPrecondition (CONTEXT_STATE_INVALID, metadata state) unless `target` may follow `current`."""
    if target not in TRANSITIONS[current]:
        raise FailedPrecondition(
            f"a context that is {current.name} cannot become {target.name}",
            reason="CONTEXT_STATE_INVALID",
            metadata={"state": current.name},
        )


def finish(
    current: ContextState,
    target: ContextState,
    now: datetime,
    start_time: datetime | None,
    artifacts: Sequence[TraceArtifact] = (),
) -> Finish:
    """End a context at `now`, never before its start even when clocks disagree.

    Raises InvalidArgument when `target` is no end, or a context that is DONE shall carry traces of a failure;
    FailedPrecondition (CONTEXT_STATE_INVALID) when it has ended already.
    """
    if target not in TERMINAL_STATES:
        raise InvalidArgument.of("state", "a context ends as DONE, FAILED or CANCELLED")
    if artifacts and target is ContextState.DONE:
        raise InvalidArgument.of("trace_artifacts", "belong to a failure: end the context as FAILED")
    check_transition(current, target)
    return Finish(target, now if start_time is None else max(now, start_time), tuple(artifacts))
