"""Contexts: the life of one piece of generation, from its opening to what a human thinks of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from groundswell_server.engagement import audited
from groundswell_server.engagement.contexts import lifecycle
from groundswell_server.engagement.contexts.lifecycle import TraceArtifact
from groundswell_server.engagement.contexts.outcomes import outcome_of_feedback, pattern_of_feedback
from groundswell_server.engagement.personas import active_persona
from groundswell_storage.engagement import contexts, patterns
from groundswell_storage.engagement.contexts import ContextRow
from groundswell_storage.engagement.enums import Complexity, Confidence, ContextState, Rating, Validation
from groundswell_storage.errors import FailedPrecondition, InvalidArgument
from groundswell_storage.pages import Page
from groundswell_storage.resources import check_etag, etag_of, revise
from groundswell_storage.scope import Scope
from groundswell_storage.topics import CONTEXT_CHANGED

JUDGED_FIELDS = frozenset({"confidence", "validation"})
"""What may be changed when the context has ended, too."""


@dataclass(frozen=True, slots=True)
class SocialMetrics:
    """What the post of a context that was measured last achieved."""

    engagement_rate_pct: float | None
    genuine_ratio: float | None
    genuine_count: int
    fetch_time: datetime


@dataclass(frozen=True, slots=True)
class ContextDraft:
    """What a context is opened with."""

    phase: str
    persona_id: str = ""
    """Empty when it is made for none."""
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
    """How a context ended."""

    state: ContextState
    output: dict[str, Any] | None = None
    """None leaves what is there."""
    confidence: Confidence = Confidence.UNSPECIFIED
    """Unchanged when not given."""
    trace_artifacts: Sequence[TraceArtifact] = field(default_factory=tuple)


def start_context(scope: Scope, draft: ContextDraft) -> Context:
    """Opens a context; raises NotFound for a persona that is not there."""
    if draft.persona_id:
        active_persona(scope, draft.persona_id)
    row = _open(scope, draft)
    audited.created(scope, "context.started", row)
    return _told(scope, row)


def _open(scope: Scope, draft: ContextDraft) -> ContextRow:
    state = lifecycle.start_state(draft.state or None)
    return scope.insert(
        ContextRow,
        id=scope.new_id(),
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
        create_time=scope.now,
        update_time=scope.now,
    )


def get_context(scope: Scope, id: str) -> Context:
    """A context; raises NotFound."""
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
    """One page of the workspace's contexts, newest first; empty and 0 mean any."""
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

    `note`, `complexity`, `state` (READY to PROCESSING), `confidence`, `validation`, `input`, `output`,
    `assigned_agent`, `strategy` can be. What is as it was already is no change. Raises NotFound, Aborted
    (`ETAG_MISMATCH`), InvalidArgument for a word that is not given, FailedPrecondition (`CONTEXT_STATE_INVALID`) for a
    change that the state of the context forbids.
    """
    row = scope.get(ContextRow, id, lock=True)
    check_etag(row.version, etag)
    values = {name: value for name, value in changes.items() if getattr(row, name) != value}
    if not values:
        return context_of(row)
    for name in ("complexity", "state", "confidence", "validation"):
        if name in values and not values[name]:
            raise InvalidArgument.of(f"context.{name}", "must be given, where the update mask names it")
    state = ContextState(row.state)
    if state in lifecycle.TERMINAL_STATES and not values.keys() <= JUDGED_FIELDS:
        raise _ended(state, "only its confidence and its validation can be changed now")
    if "state" in values:
        values |= _begin(row, values["state"], scope.now)
    with audited.changed(scope, "context.updated", row):
        revise(scope, row, **values)
    return _told(scope, row)


def finish_context(scope: Scope, id: str, end: ContextEnd) -> Context:
    """Ends a context; raises NotFound and FailedPrecondition (`CONTEXT_STATE_INVALID`) when it has ended already."""
    row = scope.get(ContextRow, id, lock=True)
    finish = lifecycle.finish(ContextState(row.state), end.state, scope.now, row.start_time, tuple(end.trace_artifacts))
    kept = {"output": end.output} if end.output is not None else {}
    judged = {"confidence": end.confidence} if end.confidence else {}
    artifacts = [
        {"type": artifact.type, "message": artifact.message, "location": artifact.location}
        for artifact in finish.trace_artifacts
    ]
    started = row.start_time or finish.end_time
    ended = {"state": finish.state, "start_time": started, "end_time": finish.end_time, "trace_artifacts": artifacts}
    with audited.changed(scope, "context.finished", row):
        revise(scope, row, **ended, **kept, **judged)
    return _told(scope, row)


def submit_feedback(scope: Scope, id: str, rating: Rating, comment: str = "") -> Context:
    """Keeps a human's rating, which decides over metrics from now on; raises NotFound.

    A high one keeps the context's strategy as a pattern, a lower one takes back what metrics had confirmed.
    """
    row = scope.get(ContextRow, id, lock=True)
    contexts.add_feedback(scope, id, rating, comment)
    outcome = outcome_of_feedback(rating)
    draft = pattern_of_feedback(rating, row.phase, row.strategy, generation_parameters(row))
    if outcome.validation is not Validation.APPROVED:
        patterns.drop_all(scope, id)
    if draft is not None:
        patterns.keep(
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
    pattern = next((kept.name for kept in patterns.of_context(scope, id)), "") if draft is None else draft.name
    judged = {"validation": outcome.validation, "confidence": outcome.confidence}
    with audited.changed(scope, "feedback.submitted", row):
        revise(scope, row, rating=rating, pattern=pattern, **judged)
    return _told(scope, row)


def generation_parameters(row: ContextRow) -> dict[str, Any]:
    """What a context's input says under "parameters"; empty when it says nothing there."""
    parameters = (row.input or {}).get("parameters")
    return parameters if isinstance(parameters, dict) else {}


def context_of(row: ContextRow) -> Context:
    """The context of a row."""
    measured = row.metrics_fetch_time
    return Context(
        id=row.id,
        persona_id=row.persona_id or "",
        phase=row.phase,
        note=row.note,
        complexity=Complexity(row.complexity),
        state=ContextState(row.state),
        confidence=Confidence(row.confidence),
        validation=Validation(row.validation),
        input=row.input,
        output=row.output,
        assigned_agent=row.assigned_agent,
        trace_artifacts=tuple(TraceArtifact(**artifact) for artifact in row.trace_artifacts),
        start_time=row.start_time,
        end_time=row.end_time,
        social_metrics=SocialMetrics(row.engagement_rate_pct, row.genuine_ratio, row.genuine_count or 0, measured)
        if measured is not None
        else None,
        pattern=row.pattern,
        strategy=row.strategy,
        rating=Rating(row.rating),
        create_time=row.create_time,
        update_time=row.update_time,
        etag=etag_of(row.version),
    )


def _told(scope: Scope, row: ContextRow) -> Context:
    scope.publish(CONTEXT_CHANGED, row.id, {"persona_id": row.persona_id or ""})
    return context_of(row)


def _begin(row: ContextRow, target: ContextState, now: datetime) -> dict[str, Any]:
    """What changes with the state, which an update moves from READY to PROCESSING only."""
    lifecycle.check_transition(ContextState(row.state), target)
    if target is not ContextState.PROCESSING:
        raise _ended(ContextState(row.state), "end it by FinishContext")
    return {"start_time": now}


def _ended(state: ContextState, cure: str) -> FailedPrecondition:
    return FailedPrecondition(
        f"the context is {state.name}: {cure}", reason="CONTEXT_STATE_INVALID", metadata={"state": state.name}
    )
