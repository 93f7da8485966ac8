"""Mean rates by hour and weekday, shrunken towards the pattern of the platform's other personas.

A persona has few posts per hour, and the highest of many noisy means is mostly chance. `shrink` therefore moves each
mean towards its expected value (empirical Bayes), more strongly if the hours differ little beyond their noise.
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
MIN_POSTS = 10
_MIN_NOISE = 1e-9


@dataclass(frozen=True, slots=True)
class TimedRates:
    """The rates of n past posts, with their local times of publication."""

    hours: NDArray[np.intp]
    """(n,) hours, 0 to 23, in the time zone of the persona."""
    weekdays: NDArray[np.intp]
    """(n,) weekdays, 0 Monday to 6 Sunday, in the time zone of the persona."""
    rates: Array
    """(n,) genuine engagement rates, percent."""
    personas: NDArray[np.str_]
    """(n,) persona ids."""

    @classmethod
    def of(
        cls, times: Sequence[datetime], time_zones: Sequence[str], rates: Sequence[float], personas: Sequence[str]
    ) -> TimedRates:
        """Creates it from aware times and the IANA names of the personas' time zones."""
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
        """Returns the posts where `chosen` (n,) is true."""
        return TimedRates(self.hours[chosen], self.weekdays[chosen], self.rates[chosen], self.personas[chosen])


@dataclass(frozen=True, slots=True)
class TimeSlot:
    """An hour of the day, on one weekday or on all. The fields are those of the contract."""

    weekday: int
    """1 Monday to 7 Sunday; 0 for all weekdays."""
    hour: int
    """0 to 23, in the persona's time zone."""
    engagement_rate_pct: Estimate
    """The shrunken mean rate, percent."""
    raw_mean_pct: float | None
    """The mean rate of the slot's own posts; None without any."""
    probability_above_average: float
    """The probability that the mean rate of the slot is above that of all posts, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Timing:
    """The hours of the day and of the week by their rates."""

    hours: tuple[TimeSlot, ...]
    """The 24 hours, best first."""
    slots: tuple[TimeSlot, ...]
    """The 168 hours of a week, best first."""
    mean: Estimate
    """The mean rate of the sample, percent."""
    sample_size: int
    notes: tuple[str, ...]
    """Remarks on the method and its limits, in words."""


def estimate_timing(platform: TimedRates, persona_id: str = "", *, level: float = 0.95) -> Timing:
    """Estimates the mean rates of a persona by hour, and by hour and weekday; of all personas if `persona_id` is empty.

    `platform` holds the posts of all personas on one platform. A persona with fewer than `MIN_POSTS` gets the hours of
    the platform. Raises FailedPrecondition (`INSUFFICIENT_SAMPLES`) if the platform has too few posts as well.
    """
    theirs = platform.personas == persona_id if persona_id else np.ones(len(platform), dtype=np.bool_)
    own, others = platform.only(theirs), platform.only(~theirs)
    if len(own) < MIN_POSTS <= len(others):
        found = estimate_timing(platform, level=level)
        note = f"The persona has only {len(own)} posts with a known rate. These are the hours of the whole platform."
        return replace(found, notes=(note, *found.notes))
    if len(own) < MIN_POSTS:
        raise FailedPrecondition(
            f"best hours need at least {MIN_POSTS} posts with a known rate, got {len(own)}",
            reason="INSUFFICIENT_SAMPLES",
            metadata={"have": str(len(own)), "need": str(MIN_POSTS)},
        )
    average = float(own.rates.mean())
    by_hour = _shrunken(own.rates, own.hours, average + _pattern(others, others.hours, HOURS))
    by_weekday = _shrunken(own.rates, own.weekdays, average + _pattern(others, others.weekdays, WEEKDAYS))
    cells = own.hours * WEEKDAYS + own.weekdays
    # A slot is shrunken towards the sum of the effects of its hour and its weekday.
    expected = (by_hour.mean[:, None] + by_weekday.mean[None, :] - average).ravel()
    by_slot = _shrunken(own.rates, cells, expected)
    uncertainty = np.hypot(by_hour.deviation[:, None], by_weekday.deviation[None, :]).ravel()
    by_slot = Shrunken(by_slot.mean, np.hypot(by_slot.deviation, by_slot.pull * uncertainty), by_slot.pull)
    return Timing(
        hours=_best_first(own.rates, own.hours, by_hour, level),
        slots=_best_first(own.rates, cells, by_slot, level),
        mean=_overall(own.rates, level),
        sample_size=len(own),
        notes=_notes(own, others),
    )


def _pattern(others: TimedRates, cells: NDArray[np.intp], count: int) -> Array:
    """Returns (count,) the shrunken differences of other personas' posts in each cell from their personas' means."""
    if len(others) < MIN_POSTS:
        return np.zeros(count)
    _, persona = np.unique(others.personas, return_inverse=True)
    means = np.bincount(persona, weights=others.rates) / np.bincount(persona)
    return _shrunken(others.rates - means[persona], cells, np.zeros(count)).mean


def _shrunken(rates: Array, cells: NDArray[np.intp], expected: Array) -> Shrunken:
    """Shrinks the mean rates of K cells towards the expected means (K,); the noise is the variance within cells."""
    posts, sums = _by_cell(rates, cells, len(expected))
    means = sums / np.maximum(posts, 1.0)
    freedom = float(np.sum(np.maximum(posts - 1.0, 0.0)))
    within = np.square(rates - means[cells]).sum() / freedom if freedom >= 1.0 else rates.var()
    errors = np.sqrt(max(float(within), _MIN_NOISE**2)) / np.sqrt(np.where(posts > 0, posts, np.nan))
    return shrink(means, np.where(posts > 0, errors, np.inf), expected)


def _best_first(rates: Array, cells: NDArray[np.intp], found: Shrunken, level: float) -> tuple[TimeSlot, ...]:
    posts, sums = _by_cell(rates, cells, len(found.mean))
    half_width = NormalDist().inv_cdf(0.5 + level / 2.0) * found.deviation
    above = (found.mean - rates.mean()) / np.maximum(found.deviation, _MIN_NOISE)
    weekly = len(found.mean) > HOURS
    slots = [
        TimeSlot(
            weekday=cell % WEEKDAYS + 1 if weekly else 0,
            hour=cell // WEEKDAYS if weekly else cell,
            engagement_rate_pct=Estimate.of(
                float(max(found.mean[cell], 0.0)),
                float(max(found.mean[cell] - half_width[cell], 0.0)),
                float(max(found.mean[cell] + half_width[cell], 0.0)),
                int(posts[cell]),
            ),
            raw_mean_pct=float(sums[cell] / posts[cell]) if posts[cell] else None,
            probability_above_average=NormalDist().cdf(float(above[cell])),
        )
        for cell in range(len(found.mean))
    ]
    return tuple(sorted(slots, key=lambda slot: (-slot.engagement_rate_pct.value, slot.weekday, slot.hour)))


def _by_cell(rates: Array, cells: NDArray[np.intp], count: int) -> tuple[Array, Array]:
    """Returns (count,) the number of posts and (count,) the sum of their rates by cell."""
    posts, sums = np.bincount(cells, minlength=count), np.bincount(cells, rates, minlength=count)
    return posts.astype(np.float64), sums.astype(np.float64)


def _overall(rates: Array, level: float) -> Estimate:
    mean = float(rates.mean())
    half = NormalDist().inv_cdf(0.5 + level / 2.0) * float(rates.std(ddof=1)) / len(rates) ** 0.5
    return Estimate.of(mean, max(mean - half, 0.0), mean + half, len(rates))


def _notes(own: TimedRates, others: TimedRates) -> tuple[str, ...]:
    empty = HOURS - len(np.unique(own.hours))
    towards = (
        f"Means are shrunken towards the pattern of {len(others)} posts of other personas on the platform."
        if len(others) >= MIN_POSTS
        else "Means are shrunken towards the mean of all hours, because other personas have too few posts."
    )
    unseen = f"{empty} hours have no post yet. Their rates are expected values." if empty else ""
    cause = "Posts at different hours may also differ in content: this is association, not cause."
    return tuple(note for note in (towards, unseen, cause) if note)
