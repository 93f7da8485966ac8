"""Contexts: the records of pieces of generation, and the ratings that people gave them."""

from __future__ import annotations

from peewee import BigIntegerField, DoubleField, IntegerField, SmallIntegerField, TextField

from groundswell_storage.fields import InstantField, JsonField
from groundswell_storage.pages import Page, read_page
from groundswell_storage.scope import Scope
from groundswell_storage.table import Table


class ContextRow(Table):
    """The record of one piece of generation."""

    id = TextField(primary_key=True)
    persona_id = TextField(null=True)
    phase = TextField()
    note = TextField(default="")
    complexity = SmallIntegerField()
    state = SmallIntegerField()
    confidence = SmallIntegerField()
    validation = SmallIntegerField()
    input = JsonField(null=True)
    output = JsonField(null=True)
    assigned_agent = TextField(default="")
    trace_artifacts = JsonField()
    """`[{"type": ..., "message": ..., "location": ...}]`"""
    start_time = InstantField(null=True)
    end_time = InstantField(null=True)
    metrics_post_id = TextField(null=True)
    """The post whose metrics stand in the four columns that follow: the one measured last."""
    engagement_rate_pct = DoubleField(null=True)
    genuine_ratio = DoubleField(null=True)
    genuine_count = BigIntegerField(null=True)
    metrics_fetch_time = InstantField(null=True)
    pattern = TextField(default="")
    strategy = JsonField(null=True)
    rating = SmallIntegerField(default=0)
    create_time = InstantField()
    update_time = InstantField()
    version = IntegerField(default=1)

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
    """One page of the workspace's contexts, newest first; empty and 0 mean any."""
    query = scope.select(ContextRow)
    if persona_id:
        query = query.where(ContextRow.persona_id == persona_id)
    if phase:
        query = query.where(ContextRow.phase == phase)
    if state:
        query = query.where(ContextRow.state == state)
    if validation:
        query = query.where(ContextRow.validation == validation)
    return read_page(
        query,
        time=ContextRow.create_time,
        id=ContextRow.id,
        page_size=page_size,
        page_token=page_token,
    )


def add_feedback(scope: Scope, context_id: str, rating: int, comment: str) -> None:
    """Keeps a rating."""
    scope.insert(
        ContextFeedbackRow,
        id=scope.new_id(),
        context_id=context_id,
        rating=rating,
        comment=comment,
        actor=scope.actor,
        create_time=scope.now,
    )
