"""Detects accounts that visit a persona's posts at periodic times, whenever the posts are published.

People have habits, such as the evening at about eight or the lunch break, but nobody keeps a habit to the second over
days. A timer does. A visit soon after publication follows the time of the post, and posts are often published by a
timer, so such visits are ignored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from groundswell_server.engagement.bot_detection.time_layer import MINUTE, SECOND

MIN_GAPS: Final = 8
"""Regular gaps that are needed, and so at least nine visits."""
ALIKE_SHARE: Final = 0.8
"""Share of an account's gaps that must be regular. A bot that misses a visit is still a bot."""
MAX_APART: Final = 10 * SECOND
"""Tolerance around a multiple of the period. For a person who keeps a time of day to a minute (standard deviation), one
gap in 11 is within it, and eight of ten are once in four million. For a habit of half an hour it is one gap in 320."""
RELATIVELY: Final = 0.025
"""Tolerance as a share of the period: of gaps of arbitrary length one in 20 is within it."""
_SKIPPED: Final = np.arange(1.0, 9.0)
"""Divisors of the shortest gap that are tried as the period, because a bot may skip visits."""
FOLLOWING: Final = 10 * MINUTE
"""A visit sooner after publication is a reply, and its time is determined by the post."""
SAME_VISIT: Final = MINUTE
"""Visits within a minute are one visit to several posts."""


def periodic_visitors(first: Mapping[str, Mapping[str, int]], published_us: Mapping[str, int]) -> dict[str, float]:
    """Returns the period in seconds of each account whose gaps are multiples of a period.

    Args:
        first: time of the first interaction (microseconds since 1970 UTC) with each post, by account and post id.
        published_us: publication times of the posts. Interactions with other posts are ignored.
    """
    own = {
        account: [
            (post, time)
            for post, time in visits.items()
            if post in published_us and time - published_us[post] > FOLLOWING
        ]
        for account, visits in first.items()
        if len(visits) > MIN_GAPS
    }
    found = _steps({account: [time for _, time in visits] for account, visits in own.items()})
    if not found:
        return found
    # Several interactions at exactly the same moment have the time of an export, not their own.
    times = Counter(visit for visits in first.values() for visit in visits.items())
    return _steps({account: [visit[1] for visit in own[account] if times[visit] == 1] for account in found})


def _steps(visits: Mapping[str, Sequence[int]]) -> dict[str, float]:
    """Returns the period in seconds of each account whose visits are periodic."""
    many = {account: times for account, times in visits.items() if len(times) > MIN_GAPS}
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
    """Returns the (n,) period, NaN for none, of n rows of ascending times that are padded with infinity."""
    gaps = np.diff(table, axis=1)
    gaps[~np.isfinite(gaps)] = np.nan
    known = np.isfinite(gaps).sum(axis=1)
    steps = np.maximum(np.fmin.reduce(gaps, axis=1), 1.0)[:, None] / _SKIPPED
    gaps = gaps[:, None, :]
    ratios = np.sort(gaps / np.maximum(np.rint(gaps / steps[:, :, None]), 1.0), axis=2)
    steps = np.take_along_axis(ratios, (known // 2)[:, None, None], axis=2)
    apart = np.abs(gaps - np.maximum(np.rint(gaps / steps), 1.0) * steps)
    tolerance = np.minimum(MAX_APART, RELATIVELY * steps)
    alike = np.count_nonzero(apart <= tolerance, axis=2)
    regular = (alike >= MIN_GAPS) & (alike >= ALIKE_SHARE * known[:, None])
    found = np.full(len(table), np.nan)
    for row in np.flatnonzero(regular.any(axis=1)):
        chosen = np.argmax(regular[row])
        # Times that are rounded more coarsely than the tolerance would make any gaps regular.
        if tolerance[row, chosen, 0] >= _tick(table[row][np.isfinite(table[row])]):
            found[row] = steps[row, chosen, 0]
    return found


def _tick(times: NDArray[np.float64]) -> int:
    """Returns the resolution of the times: the coarsest unit that divides all of them."""
    return next((step * SECOND for step in (3600, 60, 1) if not np.any(times % (step * SECOND))), SECOND // 1000)
