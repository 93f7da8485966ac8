"""The track record of a persona on a platform: past rates and trailing features."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from groundswell_server.learning.features.trailing_record import TrailingRecord
from groundswell_server.learning.serving.rate_history import RateHistory
from groundswell_server.learning.training.post_examples import past_post
from groundswell_storage.engagement import learning_rows
from groundswell_storage.scope import Scope

MAX_PAST_POSTS = 2_000
"""The maximum number of past posts in a track record."""


@dataclass(frozen=True, slots=True)
class Record:
    """The newest past posts of a persona on a platform, or of all personas."""

    posts: int
    """Number of posts."""
    history: RateHistory | None
    """Their rates at the target age as known now; None when there are too few to compare with."""
    trailing: TrailingRecord | None
    """The trailing features by time; None unless the record is of one persona on one platform."""


def read_record(scope: Scope, persona_id: str, platform: int, target_age: timedelta) -> Record:
    """Reads the track record of a persona ("" for all) on a platform (0 for any)."""
    rows = learning_rows.outcome_rows(
        scope,
        target_age=target_age,
        known_until=scope.now,
        persona_id=persona_id or None,
        platform=platform or None,
        limit=MAX_PAST_POSTS,
    )
    rates = [row.outcome_rate_pct for row in rows]
    history = RateHistory.choose(rates, ()) if persona_id else RateHistory.choose((), rates)
    trailing = TrailingRecord([past_post(row) for row in rows]) if persona_id and platform else None
    return Record(len(rows), history, trailing)
