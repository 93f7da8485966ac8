"""How a persona did before each of its posts, from nothing but what had been fetched by then."""

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
    """What one snapshot said of a past post of the same persona on the same platform."""

    post_id: str
    published_time: datetime
    known_time: datetime
    """When the snapshot was fetched; nothing before it may use it."""
    rate_pct: float | None = None
    genuine_users: float | None = None
    bot_share: float | None = None


class TrailingRecord:
    """The history of one persona on one platform, ready to be asked about any moment.

    A post counts in the 30 days after it was published, with its last snapshot fetched before the moment asked for.
    Every moment at which something changes is worked out once, so that a question costs one binary search.
    """

    def __init__(self, history: Sequence[PastPost]) -> None:
        """`history` in any order; several snapshots of a post are welcome."""
        changes = _changes(history)
        self._times = [time for time, _ in changes]
        steps = np.array([step for _, step in changes]).reshape(len(changes), 6)
        self._known = [UNKNOWN_TRAILING, *map(_trailing, np.cumsum(steps, axis=0).tolist())]

    def at(self, time: datetime) -> Trailing:
        """What was known just before `time`; all None when nothing was."""
        return self._known[bisect_right(self._times, to_micros(time))]


def _trailing(sums: Sequence[float]) -> Trailing:
    """Means from the sum and the count of each of the three figures."""
    pairs = zip(sums[::2], sums[1::2], strict=True)
    return Trailing(*(total / count if count > 0.5 else None for total, count in pairs))


def _changes(history: Sequence[PastPost]) -> list[tuple[int, list[float]]]:
    """When the sums and counts of the three figures change, and by how much, in time order."""
    by_post: dict[str, list[PastPost]] = {}
    for past in history:
        by_post.setdefault(past.post_id, []).append(past)
    changes: list[tuple[int, list[float]]] = []
    for snapshots in by_post.values():
        snapshots.sort(key=lambda past: past.known_time)
        counted = [0.0] * 6
        end = to_micros(snapshots[0].published_time + WINDOW)
        for past in snapshots:
            # A snapshot fetched at the very moment of a post is not yet known to it.
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
    figures = past.rate_pct, past.genuine_users, past.bot_share
    return [part for figure in figures for part in ((0.0, 0.0) if figure is None else (float(figure), 1.0))]
