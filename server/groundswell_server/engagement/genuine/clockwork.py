"""Accounts that come to a persona's posts by the clock, to within seconds, however the posts are published.

People have habits: in the evening at about eight, in the lunch break. None of them keeps a habit to the second over
days; a timer does. Who answers a post at once follows the post's clock and not one of its own, and posts are often
published by a timer: such visits say nothing here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

SECOND: Final = 1_000_000
"""Times are in microseconds."""
FEWEST_GAPS: Final = 8
"""Gaps that have to be alike, so visits to nine posts at least."""
ALIKE_SHARE: Final = 0.8
"""Of all gaps of an account: a bot that misses a visit is one still."""
MOST_APART: Final = 10 * SECOND
"""From a multiple of the clock's step. Of somebody who keeps a time of day to a minute, as a standard deviation, one
gap in 11 is as near as that, and eight of ten are once in four million; of a habit of half an hour one in 320."""
RELATIVELY: Final = 0.025
"""Of the clock's step: of gaps of any length one in 20 is as near as that."""
_SKIPPED: Final = np.arange(1.0, 9.0)[:, None]
"""Into how many steps the shortest gap is divided: a bot that finds nothing new at one time comes at the next."""
FOLLOWING: Final = 600 * SECOND
"""A visit so soon after publication is an answer to it: its time is that of the post."""
SAME_VISIT: Final = 60 * SECOND
"""What follows the visit before within a minute belongs to it: several posts are looked at in one go."""


def regular_visitors(first: Mapping[str, Mapping[str, int]], published_us: Mapping[str, int]) -> dict[str, float]:
    """The accounts that come by the clock, with its step in seconds: of that length are the gaps, or multiples of it.

    Args:
        first: the time of the first interaction (microseconds since 1970 UTC) with each post, by account and post id.
        published_us: when the posts were published. What an account did to others is not looked at.
    """
    own = {
        account: {
            (post, time)
            for post, time in visits.items()
            if post in published_us and time - published_us[post] > FOLLOWING
        }
        for account, visits in first.items()
        if len(visits) > FEWEST_GAPS
    }
    found = {account: step for account, visits in own.items() if (step := _step_of(visits))}
    if not found:
        return found
    # What several did in the same moment was written down in it, and its time is that of the pen.
    times = Counter(visit for visits in first.values() for visit in visits.items())
    alone = {account: {visit for visit in own[account] if times[visit] == 1} for account in found}
    return {account: step for account, visits in alone.items() if (step := _step_of(visits))}


def _step_of(visits: Iterable[tuple[str, int]]) -> float | None:
    """The step in seconds of the clock by which visits (post, time) come, if any."""
    times = np.array(sorted(time for _, time in visits), np.int64)
    if len(times) <= FEWEST_GAPS:
        return None
    begun = times[np.diff(times, prepend=times[0] - SAME_VISIT) >= SAME_VISIT]
    step = _step(times) or _step(begun)
    return step and step / SECOND


def _step(times: NDArray[np.int64]) -> float | None:
    """The step of the clock by which an account comes at these ascending times, or None where it comes by none."""
    if len(times) <= FEWEST_GAPS:
        return None
    gaps = np.diff(times).astype(np.float64)
    steps = np.maximum(gaps.min(), 1.0) / _SKIPPED
    counts = np.maximum(np.rint(gaps / steps), 1.0)
    steps = np.sort(gaps / counts, axis=1)[:, len(gaps) // 2, None]
    tolerance = np.minimum(MOST_APART, RELATIVELY * steps)
    apart = np.abs(gaps - np.maximum(np.rint(gaps / steps), 1.0) * steps)
    alike = np.count_nonzero(apart <= tolerance, axis=1)
    # A clock that is coarser than what counts as alike makes gaps alike by itself.
    fine = tolerance[:, 0] >= _tick(times)
    regular = fine & (alike >= FEWEST_GAPS) & (alike >= ALIKE_SHARE * len(gaps))
    return float(steps[np.argmax(regular), 0]) if regular.any() else None


def _tick(times: NDArray[np.int64]) -> int:
    """The step of the clock that told the times: the coarsest that fits all of them."""
    return next((step * SECOND for step in (3600, 60, 1) if not np.any(times % (step * SECOND))), SECOND // 1000)
