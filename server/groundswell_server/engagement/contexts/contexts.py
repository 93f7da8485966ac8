"""Contexts: the record of one piece of generation, from its start to a human's feedback."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from groundswell_server.engagement.contexts import lifecycle
from groundswell_server.engagement.contexts.lifecycle import TraceArtifact
from groundswell_server.engagement.contexts.outcomes import outcome_of_feedback, pattern_of_feedback
from groundswell_server.engagement.personas import active_persona
from groundswell_storage import resources
from groundswell_storage.engagement import contexts, patterns
from groundswell_storage.engagement.contexts import ContextRow
from groundswell_storage.engagement.enums import Complexity, Confidence, ContextState, Rating, Validation
from groundswell_storage.errors import FailedPrecondition, InvalidArgument
from groundswell_storage.pages import Page
from groundswell_storage.records import record_of
from groundswell_storage.scope import Scope

JUDGED_FIELDS = frozenset({"confidence", "validation"})
"""Fields that can be changed after the context has ended."""


@dataclass(frozen=True, slots=True)
class SocialMetrics:
    """The metrics of the context's post that was measured last."""

    engagement_rate_pct: float | None
    genuine_ratio: float | None
    genuine_count: int
    fetch_time: datetime


@dataclass(frozen=True, slots=True)
class ContextDraft:
    """The fields of a new context."""

    phase: str
    persona_id: str = ""
    """Empty for no persona."""
    note: str = ""
    complexity: Complexity = Complexity.UNSPECIFIED
    """MEDIUM when not given."""
    state: ContextState = ContextState.UNSPECIFIED
    """READY, or PROCESSING when not given."""
    confidence: Confidence = Confidence.UNSPECIFIED
    """HYPOTHESIS when not given."""
    input: dict[str, Any] | None = None
    assigned_agent: str = ""
    strategy: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """The record of one piece of generation."""

    id: str
    persona_id: str
    phase: str
    note: str
    complexity: Complexity
    state: ContextState
    confidence: Confidence
    validation: Validation
    input: dict[str, Any] | None
    output: dict[str, Any] | None
    assigned_agent: str
    trace_artifacts: tuple[TraceArtifact, ...]
    start_time: datetime | None
    end_time: datetime | None
    social_metrics: SocialMetrics | None
    pattern: str
    strategy: dict[str, Any] | None
    rating: Rating
    create_time: datetime
    update_time: datetime
    etag: str


@dataclass(frozen=True, slots=True)
class ContextEnd:
    """The changes with which a context ends: its last state, output and confidence."""

    state: ContextState
    output: dict[str, Any] | None = None
    """None keeps the current output."""
    confidence: Confidence = Confidence.UNSPECIFIED
    """Unchanged when not given."""
    trace_artifacts: tuple[TraceArtifact, ...] = ()


def start_context(scope: Scope, draft: ContextDraft) -> Context:
    """Starts a context; raises NotFound for an unknown persona."""
    if draft.persona_id:
        active_persona(scope, draft.persona_id)
    state = lifecycle.start_state(draft.state or None)
    row = resources.create(
        scope,
        ContextRow,
        action="started",
        persona_id=draft.persona_id or None,
        phase=draft.phase,
        note=draft.note,
        complexity=draft.complexity or Complexity.MEDIUM,
        state=state,
        confidence=draft.confidence or Confidence.HYPOTHESIS,
        validation=Validation.PENDING,
        input=draft.input,
        assigned_agent=draft.assigned_agent,
        trace_artifacts=[],
        start_time=scope.now if state is ContextState.PROCESSING else None,
        strategy=draft.strategy,
    )
    return context_of(row)


def get_context(scope: Scope, id: str) -> Context:
    """Returns a context; raises NotFound."""
    return context_of(scope.get(ContextRow, id))


def list_contexts(
    scope: Scope,
    *,
    persona_id: str = "",
    phase: str = "",
    state: int = 0,
    validation: int = 0,
    page_size: int = 0,
    page_token: str = "",
) -> Page[Context]:
    """Returns one page of the workspace's contexts, newest first; empty and 0 mean any."""
    found = contexts.page(
        scope,
        persona_id=persona_id,
        phase=phase,
        state=state,
        validation=validation,
        page_size=page_size,
        page_token=page_token,
    )
    return found.map(context_of)


def update_context(scope: Scope, id: str, changes: Mapping[str, Any], etag: str = "") -> Context:
    """Changes fields of a context.

    The fields are `note`, `complexity`, `state` (READY to PROCESSING), `confidence`, `validation`, `input`, `output`,
    `assigned_agent` and `strategy`. Equal values are no change. Raises NotFound, Aborted (`ETAG_MISMATCH`),
    InvalidArgument for an unspecified enum value, and FailedPrecondition (`CONTEXT_STATE_INVALID`) for a change that
    the state of the context forbids.
    """
    row = resources.get_locked(scope, ContextRow, id, etag)
    values = {name: value for name, value in changes.items() if getattr(row, name) != value}
    if not values:
        return context_of(row)
    for name in ("complexity", "state", "confidence", "validation"):
        if name in values and not values[name]:
            raise InvalidArgument.of(f"context.{name}", "must be specified when update_mask names it")
    state = row.state
    if state in lifecycle.TERMINAL_STATES and not values.keys() <= JUDGED_FIELDS:
        raise _ended(state, "only its confidence and its validation can be changed now")
    if "state" in values:
        values |= _begin(row, values["state"], scope.now)
    resources.change(scope, row, **values)
    return context_of(row)


def finish_context(scope: Scope, id: str, end: ContextEnd) -> Context:
    """Ends a context; raises NotFound, and FailedPrecondition (`CONTEXT_STATE_INVALID`) when it has ended."""
    row = scope.get(ContextRow, id, lock=True)
    finish = lifecycle.finish(row.state, end.state, scope.now, row.start_time, end.trace_artifacts)
    changes: dict[str, Any] = {"output": end.output} if end.output is not None else {}
    if end.confidence:
        changes["confidence"] = end.confidence
    resources.change(
        scope,
        row,
        action="finished",
        state=finish.state,
        start_time=row.start_time or finish.end_time,
        end_time=finish.end_time,
        trace_artifacts=finish.trace_artifacts,
        **changes,
    )
    return context_of(row)


def submit_feedback(scope: Scope, id: str, rating: Rating, comment: str = "") -> Context:
    """Stores a human's rating, which from then on takes precedence over metrics; raises NotFound.

    A high rating keeps the context's strategy as a pattern; a lower one removes the patterns that metrics confirmed.
    """
    row = scope.get(ContextRow, id, lock=True)
    contexts.add_feedback(scope, id, rating, comment)
    outcome = outcome_of_feedback(rating)
    draft = pattern_of_feedback(rating, row.phase, row.strategy, generation_parameters(row))
    if outcome.validation is not Validation.APPROVED:
        patterns.drop_all(scope, id)
    if draft is not None:
        patterns.store(
            scope,
            name=draft.name,
            context_id=id,
            post_id=None,
            persona_id=row.persona_id,
            platform=0,
            description=draft.strategy,
            features=draft.features,
            engagement_rate_pct=None,
        )
    pattern = next((kept.name for kept in patterns.list_for_context(scope, id)), "") if draft is None else draft.name
    resources.change(
        scope,
        row,
        action="feedback.submitted",
        rating=rating,
        pattern=pattern,
        validation=outcome.validation,
        confidence=outcome.confidence,
    )
    return context_of(row)


def generation_parameters(row: ContextRow) -> dict[str, Any]:
    """Returns the value of "parameters" in a context's input; empty without any."""
    parameters = (row.input or {}).get("parameters")
    return parameters if isinstance(parameters, dict) else {}


def context_of(row: ContextRow) -> Context:
    """Returns the context of a row."""
    fetched = row.metrics_fetch_time
    metrics = None
    if fetched is not None:
        metrics = SocialMetrics(row.engagement_rate_pct, row.genuine_ratio, row.genuine_count or 0, fetched)
    return record_of(Context, row, social_metrics=metrics)


def _begin(row: ContextRow, target: ContextState, now: datetime) -> dict[str, Any]:
    """Returns the columns that change with the state: an update moves it from READY to PROCESSING only."""
    lifecycle.check_transition(row.state, target)
    if target is not ContextState.PROCESSING:
        raise _ended(row.state, "end it by FinishContext")
    return {"start_time": now}


def _ended(state: ContextState, cure: str) -> FailedPrecondition:
    return FailedPrecondition(
        f"the context is {state.name}: {cure}", reason="CONTEXT_STATE_INVALID", metadata={"state": state.name}
    )
