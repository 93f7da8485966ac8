"""Contexts: the records of pieces of generation, and the ratings that people gave them."""

from __future__ import annotations

from typing import Any

from peewee import BigIntegerField, DoubleField, SmallIntegerField, TextField

from groundswell_storage import resources
from groundswell_storage.engagement.enums import Complexity, Confidence, ContextState, Rating, Validation
from groundswell_storage.events.topics import CONTEXT_CHANGED
from groundswell_storage.fields import EnumField, InstantField, JsonField
from groundswell_storage.pages import Page
from groundswell_storage.resources import Resource
from groundswell_storage.scope import Scope
from groundswell_storage.table import Table


class ContextRow(Resource):
    """The record of one piece of generation."""

    persona_id = TextField(null=True)
    phase = TextField()
    note = TextField(default="")
    complexity = EnumField(Complexity)
    state = EnumField(ContextState)
    confidence = EnumField(Confidence)
    validation = EnumField(Validation)
    input = JsonField(null=True)
    output = JsonField(null=True)
    assigned_agent = TextField(default="")
    trace_artifacts = JsonField()
    """`[{"type": ..., "message": ..., "location": ...}]`"""
    start_time = InstantField(null=True)
    end_time = InstantField(null=True)
    metrics_post_id = TextField(null=True)
    """The post whose metrics are in the four columns that follow: the one measured last."""
    engagement_rate_pct = DoubleField(null=True)
    genuine_ratio = DoubleField(null=True)
    genuine_count = BigIntegerField(null=True)
    metrics_fetch_time = InstantField(null=True)
    pattern = TextField(default="")
    strategy = JsonField(null=True)
    rating = EnumField(Rating, default=Rating.UNSPECIFIED)

    topic = CONTEXT_CHANGED
    audited = (
        *("persona_id", "phase", "note", "complexity", "state", "confidence", "validation", "input", "output"),
        *("assigned_agent", "trace_artifacts", "strategy", "pattern", "rating"),
    )
    audited_by_length = frozenset(("note", "input", "output", "trace_artifacts", "strategy"))

    def event_payload(self) -> dict[str, Any]:
        """Returns the persona that the context belongs to."""
        return {"persona_id": self.persona_id or ""}

    class Meta:
        indexes = (
            (("workspace", "create_time", "id"), False),
            (("workspace", "persona_id", "create_time", "id"), False),
        )


class ContextFeedbackRow(Table):
    """One rating by a human; the context has the latest."""

    id = TextField(primary_key=True)
    context_id = TextField()
    rating = SmallIntegerField()
    comment = TextField()
    actor = TextField()
    create_time = InstantField()

    class Meta:
        indexes = ((("context_id", "create_time"), False),)


def page(
    scope: Scope, *, persona_id: str, phase: str, state: int, validation: int, page_size: int, page_token: str
) -> Page[ContextRow]:
    """Returns one page of the workspace's contexts, newest first; empty and 0 mean any."""
    filters = (
        (ContextRow.persona_id, persona_id),
        (ContextRow.phase, phase),
        (ContextRow.state, state),
        (ContextRow.validation, validation),
    )
    conditions = [column == value for column, value in filters if value]
    return resources.page(scope, ContextRow, *conditions, page_size=page_size, page_token=page_token)


def add_feedback(scope: Scope, context_id: str, rating: int, comment: str) -> None:
    """Stores a rating."""
    scope.insert(
        ContextFeedbackRow,
        id=scope.new_id(),
        context_id=context_id,
        rating=rating,
        comment=comment,
        actor=scope.actor,
        create_time=scope.now,
    )
