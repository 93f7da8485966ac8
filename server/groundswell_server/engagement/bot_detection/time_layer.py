"""Layer 2, time: bursts, regular gaps, and replies before anybody could have read the post.

All three are vectorized over a batch: one sort by post and time, one by actor and time. Times that are known to the
minute only are no evidence. `periodicity` detects accounts that are periodic over many posts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from groundswell_server.engagement.bot_detection.filter_settings import FilterSettings
from groundswell_server.engagement.bot_detection.handles import normalize_handles
from groundswell_server.engagement.bot_detection.interaction_batch import (
    UNKNOWN_TIME,
    InteractionBatch,
    PostFacts,
    to_microseconds,
)
from groundswell_server.engagement.bot_detection.layer_findings import LayerFindings, Signals
from groundswell_server.engagement.bot_detection.reasons import Layer, Reason
from groundswell_storage.engagement.enums import InteractionKind

SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND

SURROUNDINGS: Final = 30 * SECOND
"""Time before and after a burst over which the usual pace of the post is measured."""
MAX_BURST: Final = 60 * SECOND
"""A longer rush is a crowd, such as a live moment or a notification to a large audience."""

_NOBODY: Final[Mapping[str, float]] = MappingProxyType({})
MIN_REGULAR_GAPS: Final = 5
REGULAR_SHARE: Final = 0.8
GAP_TOLERANCE: Final = 0.05
"""Tolerance around the median gap. Human gaps have a log-normal distribution with a standard deviation of about 1 or
more (A.-L. Barabasi, "The origin of bursts", Nature 435, 2005): one in 25 is within 5%, and five of five by chance for
one actor in 100,000."""
MIN_TICKS: Final = 20
"""Gaps shorter than 20 units of the clock look regular because of rounding."""

REGULAR_LOG_ODDS: Final = 4.2
INSTANT_LOG_ODDS: Final = 2.0
"""Log-odds of a tap or a word within 2 seconds. A fan with notifications can be this fast, so more is required."""
INSTANT_TEXT_LOG_ODDS: Final = 3.4
"""Log-odds of more text within 2 seconds than can be typed."""
TYPEABLE: Final = 20
"""Characters that a fast typist writes in 2 seconds (10 a second)."""


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    """Rows with a time, ordered by post and time; the arrays have the same length."""

    rows: NDArray[np.int64]
    times: NDArray[np.int64]
    posts: NDArray[np.int64]

    def of_post(self, post: int) -> NDArray[np.int64]:
        """Returns the times of one post, ascending."""
        return self.times[np.searchsorted(self.posts, post) : np.searchsorted(self.posts, post, side="right")]


def time_findings(
    batch: InteractionBatch,
    posts: Mapping[str, PostFacts],
    settings: FilterSettings,
    regular: Mapping[str, float] = _NOBODY,
) -> LayerFindings:
    """Returns the findings of the three tests on a batch of whole posts.

    `regular` has the period in seconds of actors that are periodic over other posts, by normalized handle.
    """
    timed = batch.times_us != UNKNOWN_TIME
    rows = np.flatnonzero(timed)
    order = rows[np.lexsort((batch.times_us[rows], batch.posts.codes[rows]))]
    line = _Line(order, batch.times_us[order], batch.posts.codes[order])
    signals = (
        _bursts(line, settings),
        _regular_gaps(batch, rows, regular),
        _instant_replies(batch, posts, rows, settings),
    )
    return LayerFindings(Layer.TIME, timed, signals)


def _bursts(line: _Line, settings: FilterSettings) -> Signals:
    """Returns signals of the rows in a sliding second with more than `burst_per_second` interactions of one post."""
    limit = settings.burst_per_second
    found: list[tuple[int, float, float]] = []
    if len(line.rows) > limit:
        together = (line.posts[limit:] == line.posts[:-limit]) & (line.times[limit:] - line.times[:-limit] < SECOND)
        for first, last in _stretches(np.flatnonzero(together), limit):
            if (weight := _burst_log_odds(line, first, last, settings)) > 0:
                found.extend((row, weight, last - first + 1.0) for row in line.rows[first : last + 1].tolist())
    return Signals.collect(Reason.BURST, found)


def _stretches(starts: NDArray[np.int64], length: int) -> list[tuple[int, int]]:
    """Merges overlapping windows [start, start + length] into (first, last) ranges, both inclusive."""
    if not len(starts):
        return []
    breaks = np.flatnonzero(np.diff(starts) > length) + 1
    return [(int(part[0]), int(part[-1]) + length) for part in np.split(starts, breaks)]


def _burst_log_odds(line: _Line, first: int, last: int, settings: FilterSettings) -> float:
    """Returns the weight of membership in the burst from `first` to `last`.

    The usual pace of the post around the burst gives the number of members expected without the burst. Their share is
    the probability that a member is genuine, which protects the audience of a viral post.
    """
    start, end = int(line.times[first]), int(line.times[last])
    times = line.of_post(int(line.posts[first]))
    if end - start > MAX_BURST or _coarse(times):
        return 0.0
    count = last - first + 1
    before, after = np.searchsorted(times, [start - SURROUNDINGS, end + SURROUNDINGS + 1])
    pace = (int(after) - int(before) - count) / (2 * SURROUNDINGS / SECOND)
    # One more than expected, because one of a handful may still be a person.
    expected = pace * max(1.0, (end - start) / SECOND) + 1.0
    if expected >= count:
        return 0.0
    return math.log(count / expected - 1.0) - settings.prior_log_odds


def _coarse(times: NDArray[np.int64]) -> bool:
    """Returns True when the times of a post are known to the minute or less precisely."""
    if np.any(times % MINUTE):
        return False
    return bool(times[0] != times[-1]) or not np.any(times % (24 * 60 * MINUTE))


def _regular_gaps(batch: InteractionBatch, rows: NDArray[np.int64], regular: Mapping[str, float]) -> Signals:
    """Returns signals of the actors most of whose gaps are equal, in the batch or over other posts."""
    period = np.maximum(_periods_over_posts(batch, regular), _periods(batch, rows))[batch.actors.codes[rows]]
    hit = period > 0
    return Signals.uniform(Reason.REGULAR_GAPS, rows[hit], REGULAR_LOG_ODDS, period[hit])


def _periods_over_posts(batch: InteractionBatch, regular: Mapping[str, float]) -> NDArray[np.float64]:
    """Returns each actor's period in seconds over other posts, 0 for none."""
    handles = normalize_handles(batch.actors.values) if regular else []
    return np.array([regular.get(handle, 0.0) for handle in handles] or np.zeros(len(batch.actors.values)))


def _periods(batch: InteractionBatch, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Returns the usual gap in seconds of each actor whose gaps in the batch are equal, 0 for none."""
    actors = batch.actors.codes[rows]
    busy = np.bincount(actors, minlength=len(batch.actors.values)) > MIN_REGULAR_GAPS
    busy &= np.fromiter(map(bool, batch.actors.values), np.bool_, len(busy))
    rows = rows[busy[actors]]
    rows = rows[np.lexsort((batch.times_us[rows], batch.actors.codes[rows]))]
    actors, times = batch.actors.codes[rows], batch.times_us[rows]
    period = np.zeros(len(busy))
    if len(rows):
        same = actors[1:] == actors[:-1]
        regular, medians = _regular_groups(np.diff(times)[same], actors[1:][same], _ticks(times, actors))
        period[regular] = medians / SECOND
    return period


def _ticks(times: NDArray[np.int64], groups: NDArray[np.int64]) -> NDArray[np.float64]:
    """Returns the resolution of each row's times: minute, second or millisecond, the coarsest that fits its group."""
    edges = np.flatnonzero(np.r_[True, groups[1:] != groups[:-1]])
    sizes = np.diff(np.r_[edges, len(groups)])
    tick = np.full(len(edges), SECOND / 1000)
    tick[np.maximum.reduceat(times % SECOND, edges) == 0] = SECOND
    tick[np.maximum.reduceat(times % MINUTE, edges) == 0] = MINUTE
    return np.repeat(tick, sizes - 1)


def _regular_groups(
    gaps: NDArray[np.int64], groups: NDArray[np.int64], ticks: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Returns the groups whose gaps are regular with their median gaps (microseconds). `groups` is sorted."""
    order = np.lexsort((gaps, groups))
    gaps = gaps[order]
    edges = np.flatnonzero(np.r_[True, groups[1:] != groups[:-1]])
    sizes = np.diff(np.r_[edges, len(groups)])
    medians = gaps[edges + sizes // 2].astype(np.float64)
    near = np.abs(gaps - np.repeat(medians, sizes)) <= GAP_TOLERANCE * np.repeat(medians, sizes)
    alike = np.add.reduceat(near.astype(np.int64), edges)
    regular = (alike >= MIN_REGULAR_GAPS) & (alike >= REGULAR_SHARE * sizes) & (medians >= MIN_TICKS * ticks[edges])
    return groups[edges][regular], medians[regular]


def _instant_replies(
    batch: InteractionBatch, posts: Mapping[str, PostFacts], rows: NDArray[np.int64], settings: FilterSettings
) -> Signals:
    """Returns signals of the rows within `instant_reply_seconds` after publication; earlier ones have a wrong clock."""
    published = np.array(
        [to_microseconds(posts[post].published_time) if post in posts else UNKNOWN_TIME for post in batch.posts.values],
        np.int64,
    )
    start, times = published[batch.posts.codes[rows]], batch.times_us[rows]
    known = (start != UNKNOWN_TIME) & ((start % MINUTE != 0) | (times % MINUTE != 0))
    delay = np.where(known, times - np.where(known, start, 0), -1)
    hit = (delay >= 0) & (delay < settings.instant_reply_seconds * SECOND)
    found = [
        (row, _instant_weight(batch, row), late / SECOND)
        for row, late in zip(rows[hit].tolist(), delay[hit].tolist(), strict=True)
    ]
    return Signals.collect(Reason.INSTANT_REPLY, found)


def _instant_weight(batch: InteractionBatch, row: int) -> float:
    typed = batch.kinds[row] == InteractionKind.COMMENT and len(batch.texts[row]) > TYPEABLE
    return INSTANT_TEXT_LOG_ODDS if typed else INSTANT_LOG_ODDS
