"""A query for patterns: which posts and contexts it covers, and how they are read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from groundswell_storage.engagement import pattern_rows, prediction_facts
from groundswell_storage.engagement.pattern_rows import ContextRecord, PostRecord, Span

Read = Callable[..., Awaitable[Any]]
"""Runs `work(scope, ...)` on a database thread: `Call.read`."""

MAX_ROWS = 50_000
"""The maximum number of posts, or contexts, that a response uses: the newest ones."""


@dataclass(frozen=True, slots=True)
class PatternQuery:
    """The posts and contexts of a time span, optionally of one persona, platform, content type or phase."""

    as_of: datetime
    """The end of the span. Rates at the target age that were fetched later are not read."""
    lookback_days: int
    """The length of the span; 0 for the default of the report."""
    target_age: timedelta
    """The age at which rates are compared."""
    persona_id: str = ""
    """Empty for all personas of the workspace."""
    platform: int = 0
    """The contract's number; 0 for any."""
    content_type: int = 0
    """The contract's number; 0 for any."""
    phase: str = ""
    """The phase of the contexts; empty for any."""

    @property
    def lookback(self) -> timedelta:
        """The length of the span."""
        return timedelta(days=self.lookback_days)

    def or_last(self, days: int) -> PatternQuery:
        """Returns the query itself, or with a lookback of `days` if it has none."""
        return self if self.lookback_days else replace(self, lookback_days=days)

    def span(self, periods: int = 1) -> Span:
        """Returns the storage filter for `periods` consecutive spans that end at `as_of`."""
        return Span(
            self.as_of - periods * self.lookback,
            self.as_of,
            self.persona_id,
            self.platform,
            self.content_type,
            self.phase,
        )


async def read_posts(read: Read, query: PatternQuery, periods: int = 1) -> list[PostRecord]:
    """Returns the posts that a query covers, newest first; raises NotFound (`PERSONA_NOT_FOUND`).

    Rows are read slice by slice, so that the reads of other calls run in between.
    """
    await _check_persona(read, query)
    found: list[PostRecord] = []
    while len(found) < MAX_ROWS:
        rows = await read(
            pattern_rows.posts,
            query.span(periods),
            target_age=query.target_age,
            known_by=query.as_of,
            after=found[-1] if found else None,
        )
        found += rows
        if len(rows) < pattern_rows.SLICE:
            break
    return found


async def read_contexts(read: Read, query: PatternQuery, periods: int = 1) -> list[ContextRecord]:
    """Returns the contexts that a query covers, newest first; raises NotFound (`PERSONA_NOT_FOUND`).

    Rows are read slice by slice, as in `read_posts`.
    """
    await _check_persona(read, query)
    found: list[ContextRecord] = []
    while len(found) < MAX_ROWS:
        rows = await read(pattern_rows.contexts, query.span(periods), found[-1] if found else None)
        found += rows
        if len(rows) < pattern_rows.SLICE:
            break
    return found


async def _check_persona(read: Read, query: PatternQuery) -> None:
    if query.persona_id:
        await read(prediction_facts.persona_facts, query.persona_id)
