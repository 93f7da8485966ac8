"""Which hours do best: means by hour and weekday, shrunken towards what the platform's other personas see.

A persona has few posts an hour, and the highest of many noisy means is mostly luck: `shrink` draws each mean towards
what is expected of it, by as much as the data say that hours differ too little to be told apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from statistics import NormalDist
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from groundswell_server.learning.estimates import Estimate
from groundswell_server.statistics.shrinkage import Shrunken, shrink
from groundswell_storage.errors import FailedPrecondition

Array = NDArray[np.float64]

HOURS, WEEKDAYS = 24, 7
FEWEST_POSTS = 10
_SMALLEST_NOISE = 1e-9


@dataclass(frozen=True, slots=True)
class TimedRates:
    """Rates of n past posts with the time of their publication on the clock of their persona."""

    hours: NDArray[np.intp]
    """(n,) 0 to 23."""
    weekdays: NDArray[np.intp]
    """(n,) 0 Monday to 6."""
    rates: Array
    """(n,) genuine engagement rate, percent."""
    personas: NDArray[np.str_]
    """(n,)"""

    @classmethod
    def of(
        cls, times: Sequence[datetime], time_zones: Sequence[str], rates: Sequence[float], personas: Sequence[str]
    ) -> TimedRates:
        """From aware times and the IANA names of the personas' time zones."""
        zones = {name: ZoneInfo(name) for name in set(time_zones)}
        local = [time.astimezone(zones[zone]) for time, zone in zip(times, time_zones, strict=True)]
        return cls(
            np.array([time.hour for time in local], dtype=np.intp),
            np.array([time.weekday() for time in local], dtype=np.intp),
            np.array(rates, dtype=np.float64),
            np.array(personas, dtype=np.str_),
        )

    def __len__(self) -> int:
        return len(self.rates)

    def only(self, chosen: NDArray[np.bool_]) -> TimedRates:
        """The posts where `chosen` (n,) is true."""
        return TimedRates(self.hours[chosen], self.weekdays[chosen], self.rates[chosen], self.personas[chosen])


@dataclass(frozen=True, slots=True)
class TimeSlot:
    """An hour of the day, on all weekdays or on one."""

    weekday: int
    """1 Monday to 7 Sunday; 0 for all."""
    hour: int
    """0 to 23, on the persona's clock."""
    engagement_rate_pct: Estimate
    """Shrunken mean; what the mean of many posts there would be."""
    raw_mean_pct: float | None
    """Of the slot's own posts alone; None without any."""
    probability_above_average: float
    """That the slot's mean is above that of all posts, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Timing:
    """When to post."""

    hours: tuple[TimeSlot, ...]
    """The 24 hours, best first."""
    slots: tuple[TimeSlot, ...]
    """The 168 hours of a week, best first."""
    mean: Estimate
    """Of all posts looked at."""
    sample_size: int
    notes: tuple[str, ...]
    """What to know of the figures, in words."""


def estimate_timing(platform: TimedRates, persona_id: str = "", *, level: float = 0.95) -> Timing:
    """Means by hour, and by hour and weekday, of a persona's posts, or of all posts where `persona_id` is empty.

    `platform` holds the posts of all personas on one platform; a persona with too few gets the platform's hours.
    Raises FailedPrecondition (`INSUFFICIENT_SAMPLES`).
    """
    theirs = platform.personas == persona_id if persona_id else np.ones(len(platform), dtype=np.bool_)
    own, others = platform.only(theirs), platform.only(~theirs)
    if len(own) < FEWEST_POSTS <= len(others):
        found = estimate_timing(platform, level=level)
        told = f"Of this persona there are {len(own)} posts, too few to go by: these are the hours of the platform."
        return replace(found, notes=(told, *found.notes))
    if len(own) < FEWEST_POSTS:
        raise FailedPrecondition(
            f"best hours need {FEWEST_POSTS} posts whose outcome is known, and there are {len(own)}",
            reason="INSUFFICIENT_SAMPLES",
            metadata={"have": str(len(own)), "need": str(FEWEST_POSTS)},
        )
    average = float(own.rates.mean())
    by_hour = _shrunken(own.rates, own.hours, average + _pattern(others, others.hours, HOURS))
    by_weekday = _shrunken(own.rates, own.weekdays, average + _pattern(others, others.weekdays, WEEKDAYS))
    cells = own.hours * WEEKDAYS + own.weekdays
    # What hour and weekday add up to is expected of a slot, before its own few posts are looked at.
    expected = (by_hour.mean[:, None] + by_weekday.mean[None, :] - average).ravel()
    by_slot = _shrunken(own.rates, cells, expected)
    unsure = np.hypot(by_hour.deviation[:, None], by_weekday.deviation[None, :]).ravel()
    by_slot = Shrunken(by_slot.mean, np.hypot(by_slot.deviation, by_slot.pull * unsure), by_slot.pull)
    return Timing(
        hours=_best_first(own.rates, own.hours, by_hour, level),
        slots=_best_first(own.rates, cells, by_slot, level),
        mean=_overall(own.rates, level),
        sample_size=len(own),
        notes=_notes(own, others),
    )


def _pattern(others: TimedRates, cells: NDArray[np.intp], count: int) -> Array:
    """(count,) by how much other personas' posts in each cell differ from their own personas' means, shrunken to 0."""
    if len(others) < FEWEST_POSTS:
        return np.zeros(count)
    _, who = np.unique(others.personas, return_inverse=True)
    means = np.bincount(who, weights=others.rates) / np.bincount(who)
    return _shrunken(others.rates - means[who], cells, np.zeros(count)).mean


def _shrunken(rates: Array, cells: NDArray[np.intp], expected: Array) -> Shrunken:
    """Means of the rates (n,) in each of K cells, drawn towards what is expected (K,). Noise is that within cells."""
    posts, sums = _by_cell(rates, cells, len(expected))
    means = sums / np.maximum(posts, 1.0)
    freedom = float(np.sum(np.maximum(posts - 1.0, 0.0)))
    within = np.square(rates - means[cells]).sum() / freedom if freedom >= 1.0 else rates.var()
    errors = np.sqrt(max(float(within), _SMALLEST_NOISE**2)) / np.sqrt(np.where(posts > 0, posts, np.nan))
    return shrink(means, np.where(posts > 0, errors, np.inf), expected)


def _best_first(rates: Array, cells: NDArray[np.intp], found: Shrunken, level: float) -> tuple[TimeSlot, ...]:
    posts, sums = _by_cell(rates, cells, len(found.mean))
    reach = NormalDist().inv_cdf(0.5 + level / 2.0) * found.deviation
    above = (found.mean - rates.mean()) / np.maximum(found.deviation, _SMALLEST_NOISE)
    weekly = len(found.mean) > HOURS
    slots = [
        TimeSlot(
            weekday=cell % WEEKDAYS + 1 if weekly else 0,
            hour=cell // WEEKDAYS if weekly else cell,
            engagement_rate_pct=Estimate.of(
                float(max(found.mean[cell], 0.0)),
                float(max(found.mean[cell] - reach[cell], 0.0)),
                float(max(found.mean[cell] + reach[cell], 0.0)),
                int(posts[cell]),
            ),
            raw_mean_pct=float(sums[cell] / posts[cell]) if posts[cell] else None,
            probability_above_average=NormalDist().cdf(float(above[cell])),
        )
        for cell in range(len(found.mean))
    ]
    return tuple(sorted(slots, key=lambda slot: (-slot.engagement_rate_pct.value, slot.weekday, slot.hour)))


def _by_cell(rates: Array, cells: NDArray[np.intp], count: int) -> tuple[Array, Array]:
    """(count,) number of posts, and (count,) sum of their rates."""
    posts, sums = np.bincount(cells, minlength=count), np.bincount(cells, rates, minlength=count)
    return posts.astype(np.float64), sums.astype(np.float64)


def _overall(rates: Array, level: float) -> Estimate:
    mean = float(rates.mean())
    half = NormalDist().inv_cdf(0.5 + level / 2.0) * float(rates.std(ddof=1)) / len(rates) ** 0.5
    return Estimate.of(mean, max(mean - half, 0.0), mean + half, len(rates))


def _notes(own: TimedRates, others: TimedRates) -> tuple[str, ...]:
    empty = HOURS - len(np.unique(own.hours))
    towards = (
        f"Means are drawn towards the pattern of {len(others)} posts of other personas on the platform."
        if len(others) >= FEWEST_POSTS
        else "Means are drawn towards the mean of all hours: there are too few posts of other personas to go by."
    )
    unseen = f"{empty} hours have no post yet: their figures are expectations." if empty else ""
    cause = "Hours differ in what was posted then, too: this is association, not cause."
    return tuple(note for note in (towards, unseen, cause) if note)
