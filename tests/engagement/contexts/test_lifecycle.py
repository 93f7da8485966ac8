from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from groundswell_server.engagement.contexts.lifecycle import (
    TERMINAL_STATES,
    TRANSITIONS,
    TraceArtifact,
    check_transition,
    finish,
    start_state,
)
from groundswell_storage.engagement.enums import ContextState
from groundswell_storage.errors import FailedPrecondition, InvalidArgument

NOW = datetime(2026, 5, 1, 18, tzinfo=UTC)
FAILURE = TraceArtifact("TimeoutError", "no answer after 30 s", "render.py:88")


def test_a_context_opens_in_processing_unless_ready_is_asked_for() -> None:
    assert start_state() is ContextState.PROCESSING
    assert start_state(ContextState.READY) is ContextState.READY


@pytest.mark.parametrize("state", TERMINAL_STATES)
def test_a_context_does_not_open_at_its_end(state: ContextState) -> None:
    with pytest.raises(InvalidArgument):
        start_state(state)


@pytest.mark.parametrize("end_time", TERMINAL_STATES)
@pytest.mark.parametrize("target", [state for state in ContextState if state])
def test_what_has_ended_stays_as_it_is(end_time: ContextState, target: ContextState) -> None:
    with pytest.raises(FailedPrecondition) as refused:
        check_transition(end_time, target)

    assert refused.value.reason == "CONTEXT_STATE_INVALID"
    assert refused.value.metadata == {"state": end_time.name}


def test_work_does_not_go_back_to_being_planned() -> None:
    with pytest.raises(FailedPrecondition):
        check_transition(ContextState.PROCESSING, ContextState.READY)


def test_every_state_says_what_may_follow() -> None:
    assert set(TRANSITIONS) == {state for state in ContextState if state}


def test_a_failure_keeps_its_traces() -> None:
    found = finish(ContextState.PROCESSING, ContextState.FAILED, NOW, NOW - timedelta(minutes=5), [FAILURE])

    assert (found.state, found.end_time, found.trace_artifacts) == (ContextState.FAILED, NOW, (FAILURE,))


def test_a_success_has_no_traces_of_failure() -> None:
    with pytest.raises(InvalidArgument):
        finish(ContextState.PROCESSING, ContextState.DONE, NOW, NOW, [FAILURE])


def test_a_context_ends_by_an_end() -> None:
    with pytest.raises(InvalidArgument):
        finish(ContextState.READY, ContextState.PROCESSING, NOW, None)


def test_no_context_ends_before_it_began() -> None:
    started = NOW + timedelta(seconds=3)

    assert finish(ContextState.PROCESSING, ContextState.DONE, NOW, started).end_time == started
