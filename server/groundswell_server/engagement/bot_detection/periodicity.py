"""Accounts that come to a persona's posts by the clock, to within seconds, however the posts are published.

People have habits: in the evening at about eight, in the lunch break. None of them keeps a habit to the second over
days; a timer does. Who answers a post at once follows the post's clock and not one of its own, and posts are often
published by a timer: such visits say nothing here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from groundswell_server.engagement.bot_detection.time_layer import MINUTE, SECOND

FEWEST_GAPS: Final = 8
"""Gaps that have to be alike, so visits to nine posts at least."""
ALIKE_SHARE: Final = 0.8
"""Of all gaps of an account: a bot that misses a visit is one still."""
MOST_APART: Final = 10 * SECOND
"""From a multiple of the clock's step. Of somebody who keeps a time of day to a minute, as a standard deviation, one
gap in 11 is as near as that, and eight of ten are once in four million; of a habit of half an hour one in 320."""
RELATIVELY: Final = 0.025
"""Of the clock's step: of gaps of any length one in 20 is as near as that."""
_SKIPPED: Final = np.arange(1.0, 9.0)
"""Into how many steps the shortest gap is divided: a bot that finds nothing new at one time comes at the next."""
FOLLOWING: Final = 10 * MINUTE
"""A visit so soon after publication is an answer to it: its time is that of the post."""
SAME_VISIT: Final = MINUTE
"""What follows the visit before within a minute belongs to it: several posts are looked at in one go."""


def periodic_visitors(first: Mapping[str, Mapping[str, int]], published_us: Mapping[str, int]) -> dict[str, float]:
    """The accounts that come by the clock, with its step in seconds: of that length are the gaps, or multiples of it.

    Args:
        first: the time of the first interaction (microseconds since 1970 UTC) with each post, by account and post id.
        published_us: when the posts were published. What an account did to others is not looked at.
    """
    own = {
        account: [
            (post, time)
            for post, time in visits.items()
            if post in published_us and time - published_us[post] > FOLLOWING
        ]
        for account, visits in first.items()
        if len(visits) > FEWEST_GAPS
    }
    found = _steps({account: [time for _, time in visits] for account, visits in own.items()})
    if not found:
        return found
    # What several did in the same moment was written down in it, and its time is that of the pen.
    times = Counter(visit for visits in first.values() for visit in visits.items())
    return _steps({account: [visit[1] for visit in own[account] if times[visit] == 1] for account in found})


def _steps(visits: Mapping[str, Sequence[int]]) -> dict[str, float]:
    """The step in seconds of the clock by which accounts come at these times; of those who come by one."""
    many = {account: times for account, times in visits.items() if len(times) > FEWEST_GAPS}
    if not many:
        return {}
    table = np.full((len(many), max(map(len, many.values()))), np.inf)
    for row, times in enumerate(many.values()):
        table[row, : len(times)] = times
    table.sort(axis=1)
    with np.errstate(invalid="ignore"):
        begins = np.diff(table, axis=1, prepend=-np.inf) >= SAME_VISIT
        begun = np.sort(np.where(begins, table, np.inf), axis=1)
        steps = np.fmax(_regular(table), _regular(begun))
    return {account: float(step) / SECOND for account, step in zip(many, steps, strict=True) if not np.isnan(step)}


def _regular(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) step of the clock, NaN for none, of n accounts with times in rows, ascending, filled up with infinity."""
    gaps = np.diff(table, axis=1)
    gaps[~np.isfinite(gaps)] = np.nan
    known = np.isfinite(gaps).sum(axis=1)
    steps = np.maximum(np.fmin.reduce(gaps, axis=1), 1.0)[:, None] / _SKIPPED
    gaps = gaps[:, None, :]
    ratios = np.sort(gaps / np.maximum(np.rint(gaps / steps[:, :, None]), 1.0), axis=2)
    steps = np.take_along_axis(ratios, (known // 2)[:, None, None], axis=2)
    apart = np.abs(gaps - np.maximum(np.rint(gaps / steps), 1.0) * steps)
    tolerance = np.minimum(MOST_APART, RELATIVELY * steps)
    alike = np.count_nonzero(apart <= tolerance, axis=2)
    regular = (alike >= FEWEST_GAPS) & (alike >= ALIKE_SHARE * known[:, None])
    found = np.full(len(table), np.nan)
    for row in np.flatnonzero(regular.any(axis=1)):
        chosen = np.argmax(regular[row])
        # A clock that is coarser than what counts as alike makes gaps alike by itself.
        if tolerance[row, chosen, 0] >= _tick(table[row][np.isfinite(table[row])]):
            found[row] = steps[row, chosen, 0]
    return found


def _tick(times: NDArray[np.float64]) -> int:
    """The step of the clock that told the times: the coarsest that fits all of them."""
    return next((step * SECOND for step in (3600, 60, 1) if not np.any(times % (step * SECOND))), SECOND // 1000)
