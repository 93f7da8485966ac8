"""The trailing performance of a persona before each post, from snapshots that had been fetched by then."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from groundswell_server.learning.features.post_facts import UNKNOWN_TRAILING, Trailing
from groundswell_storage.fields import to_micros

WINDOW = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class PastPost:
    """One snapshot of a past post of the persona on the platform."""

    post_id: str
    publish_time: datetime
    known_time: datetime
    """The time at which the snapshot was fetched. A prediction before that time must not use it."""
    rate_pct: float | None = None
    genuine_users: float | None = None
    bot_share: float | None = None


class TrailingRecord:
    """The trailing performance of one persona on one platform at any time.

    A post counts in the 30 days after its publication, with its last snapshot fetched before the time in question. All
    times at which the means change are computed once, so that a query is one binary search.
    """

    def __init__(self, history: Sequence[PastPost]) -> None:
        """`history` may be in any order and have several snapshots of a post."""
        changes = _changes(history)
        self._times = [time for time, _ in changes]
        steps = np.array([step for _, step in changes]).reshape(len(changes), 6)
        self._known = [UNKNOWN_TRAILING, *map(_trailing, np.cumsum(steps, axis=0).tolist())]

    def at(self, time: datetime) -> Trailing:
        """Returns the means just before `time`; all None if no post counts."""
        return self._known[bisect_right(self._times, to_micros(time))]


def _trailing(sums: Sequence[float]) -> Trailing:
    """Returns the means from the sum and the count of each of the three metrics."""
    pairs = zip(sums[::2], sums[1::2], strict=True)
    return Trailing(*(total / count if count > 0.5 else None for total, count in pairs))


def _changes(history: Sequence[PastPost]) -> list[tuple[int, list[float]]]:
    """Returns the changes of the sums and counts of the three metrics, in order of time."""
    by_post: dict[str, list[PastPost]] = {}
    for past in history:
        by_post.setdefault(past.post_id, []).append(past)
    changes: list[tuple[int, list[float]]] = []
    for snapshots in by_post.values():
        snapshots.sort(key=lambda past: past.known_time)
        counted = [0.0] * 6
        end = to_micros(snapshots[0].publish_time + WINDOW)
        for past in snapshots:
            # A snapshot fetched at the time of a post is not yet known to that post.
            known = to_micros(past.known_time) + 1
            if known > end:
                break
            contribution = _contribution(past)
            changes.append((known, [new - old for new, old in zip(contribution, counted, strict=True)]))
            counted = contribution
        changes.append((end + 1, [-value for value in counted]))
    changes.sort(key=lambda change: change[0])
    return changes


def _contribution(past: PastPost) -> list[float]:
    metrics = past.rate_pct, past.genuine_users, past.bot_share
    return [part for metric in metrics for part in ((0.0, 0.0) if metric is None else (float(metric), 1.0))]
