"""The states of a context and their transitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from groundswell_storage.engagement.enums import ContextState
from groundswell_storage.errors import FailedPrecondition, InvalidArgument

TERMINAL_STATES: Final = frozenset({ContextState.DONE, ContextState.FAILED, ContextState.CANCELLED})
"""Final states. Repeated work is another context."""

TRANSITIONS: Final[Mapping[ContextState, frozenset[ContextState]]] = MappingProxyType(
    {
        ContextState.READY: frozenset({ContextState.PROCESSING, *TERMINAL_STATES}),
        ContextState.PROCESSING: TERMINAL_STATES,
        ContextState.DONE: frozenset(),
        ContextState.FAILED: frozenset(),
        ContextState.CANCELLED: frozenset(),
    }
)
"""Allowed next states. A context that is planned and finished at once may skip PROCESSING."""


@dataclass(frozen=True, slots=True)
class TraceArtifact:
    """One trace of a failure."""

    type: str
    """Type of the error, such as "TimeoutError"."""
    message: str
    location: str
    """Source location, such as "render.py:88"; empty when unknown."""


@dataclass(frozen=True, slots=True)
class Finish:
    """The end of a context."""

    state: ContextState
    end_time: datetime
    trace_artifacts: tuple[TraceArtifact, ...]


def start_state(requested: ContextState | None = None) -> ContextState:
    """Returns the first state: PROCESSING, or READY when requested; raises InvalidArgument for any other."""
    if requested in (None, ContextState.UNSPECIFIED, ContextState.PROCESSING):
        return ContextState.PROCESSING
    if requested is ContextState.READY:
        return requested
    raise InvalidArgument.of("state", f"must be READY or PROCESSING for a new context, got {requested.name}")


def check_transition(current: ContextState, target: ContextState) -> None:
    """Raises FailedPrecondition (CONTEXT_STATE_INVALID, metadata state) unless `target` may follow `current`."""
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
    """Ends a context at `now`, never before its start even when clocks differ.

    Raises InvalidArgument when `target` is not final, or when a DONE context has traces of a failure;
    FailedPrecondition (CONTEXT_STATE_INVALID) when it has ended already.
    """
    if target not in TERMINAL_STATES:
        raise InvalidArgument.of("state", f"must be DONE, FAILED or CANCELLED, got {target.name}")
    if artifacts and target is ContextState.DONE:
        raise InvalidArgument.of("trace_artifacts", "must be empty for state DONE; use FAILED to record a failure")
    check_transition(current, target)
    return Finish(target, now if start_time is None else max(now, start_time), tuple(artifacts))
