"""How posts did before: the record of a persona on a platform, as features and percentiles need it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from groundswell_server.learning.features.trailing import TrailingRecord
from groundswell_server.learning.serving.rate_history import RateHistory
from groundswell_server.learning.training.post_examples import past_post
from groundswell_storage.engagement import learning_rows
from groundswell_storage.scope import Scope

MOST_PAST_POSTS = 2_000
"""Newest past posts that a record is of."""


@dataclass(frozen=True, slots=True)
class Record:
    """The newest past posts of a persona on a platform, or of everybody."""

    posts: int
    """How many there are."""
    history: RateHistory | None
    """Their rates at the target age, as known now, to compare with; None when they are too few for that."""
    trailing: TrailingRecord | None
    """What was known of them when; None where it is not of one persona on one platform."""


def read_record(scope: Scope, persona_id: str, platform: int, target_age: timedelta) -> Record:
    """The record of a persona ("" for everybody) on a platform (0 for any)."""
    rows = learning_rows.outcome_rows(
        scope,
        target_age=target_age,
        known_until=scope.now,
        persona_id=persona_id or None,
        platform=platform or None,
        limit=MOST_PAST_POSTS,
    )
    rates = [row.outcome_rate_pct for row in rows]
    history = RateHistory.choose(rates, ()) if persona_id else RateHistory.choose((), rates)
    trailing = TrailingRecord([past_post(row) for row in rows]) if persona_id and platform else None
    return Record(len(rows), history, trailing)
