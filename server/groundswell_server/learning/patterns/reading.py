"""Reads what patterns are found in, slice by slice, so that other calls' work comes in between."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from groundswell_server.learning.patterns.query import Question
from groundswell_storage.engagement import pattern_rows, prediction_facts
from groundswell_storage.engagement.pattern_rows import ContextRecord, PostRecord

Read = Callable[..., Awaitable[Any]]
"""Runs `work(scope, ...)` on a database thread: `Call.read`."""

MOST_ROWS = 50_000
"""Posts, or contexts, that one answer goes by: the newest."""


async def posts(read: Read, question: Question, periods: int = 1) -> list[PostRecord]:
    """The posts that a question is about, newest first; raises NotFound (`PERSONA_NOT_FOUND`)."""
    if question.persona_id:
        await read(prediction_facts.persona_facts, question.persona_id)
    found: list[PostRecord] = []
    while len(found) < MOST_ROWS:
        rows = await read(
            pattern_rows.posts,
            question.span(periods),
            target_age=question.target_age,
            known_by=question.as_of,
            after=found[-1] if found else None,
        )
        found += rows
        if len(rows) < pattern_rows.SLICE:
            break
    return found


async def contexts(read: Read, question: Question, periods: int = 1) -> list[ContextRecord]:
    """The contexts that a question is about, newest first; raises NotFound (`PERSONA_NOT_FOUND`)."""
    if question.persona_id:
        await read(prediction_facts.persona_facts, question.persona_id)
    found: list[ContextRecord] = []
    while len(found) < MOST_ROWS:
        rows = await read(pattern_rows.contexts, question.span(periods), found[-1] if found else None)
        found += rows
        if len(rows) < pattern_rows.SLICE:
            break
    return found
