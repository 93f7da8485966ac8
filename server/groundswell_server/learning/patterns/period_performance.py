"""How a period did against the one of equal length before it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from scipy import stats

from groundswell_server.learning.enums import platform_word
from groundswell_server.learning.estimates import Estimate, mean_estimate, share_estimate
from groundswell_server.learning.patterns.residuals import Array, log_rates
from groundswell_storage.engagement.pattern_rows import ContextRecord, PostRecord

_DONE, _FAILED = 3, 4
_BEST = 3
_CLEAR = 0.05
"""P value from which a change is told as one."""


@dataclass(frozen=True, slots=True)
class Period:
    """What was achieved in a period."""

    start: datetime
    """Inclusive."""
    end: datetime
    """Exclusive."""
    posts: tuple[PostRecord, ...]
    contexts: tuple[ContextRecord, ...]
    threshold_pct: float

    @property
    def aged(self) -> list[PostRecord]:
        """The posts whose rate at the target age is known."""
        return [post for post in self.posts if post.aged_rate_pct is not None]

    @property
    def rates(self) -> Array:
        """Their rates, percent."""
        return np.array([post.aged_rate_pct for post in self.aged], dtype=np.float64)

    @property
    def successes(self) -> int:
        """How many of them reached the threshold."""
        return int(np.count_nonzero(self.rates >= self.threshold_pct))

    @property
    def mean(self) -> Estimate | None:
        """Of the rates, percent."""
        return mean_estimate(self.rates)

    @property
    def median(self) -> float | None:
        """Of the rates, percent."""
        return float(np.median(self.rates)) if len(self.rates) else None

    @property
    def success_share(self) -> Estimate | None:
        """Successes among the posts whose rate is known; None without any."""
        return share_estimate(self.successes, len(self.rates)) if len(self.rates) else None

    @property
    def genuine(self) -> int:
        """Genuine interactions so far."""
        return sum(post.genuine_total for post in self.posts)

    @property
    def filtered(self) -> int:
        """Interactions of bots and AI personas so far."""
        return sum(post.filtered_total for post in self.posts)

    def ended(self, state: int) -> int:
        """Contexts that ended in a state."""
        return sum(context.state == state for context in self.contexts)

    @property
    def done(self) -> int:
        """Contexts that ended well."""
        return self.ended(_DONE)

    @property
    def failed(self) -> int:
        """Contexts that ended with a failure."""
        return self.ended(_FAILED)


@dataclass(frozen=True, slots=True)
class Change:
    """How a figure changed."""

    figure: str
    before: float
    now: float
    p_value: float | None = None

    @property
    def change_pct(self) -> float | None:
        """In percent of what it was; None of nothing."""
        return 100.0 * (self.now - self.before) / self.before if self.before else None


@dataclass(frozen=True, slots=True)
class PlatformPerformance:
    """How a platform did."""

    platform: int
    post_count: int
    mean: Estimate | None
    mean_before: Estimate | None


@dataclass(frozen=True, slots=True)
class Performance:
    """The answer."""

    period: Period
    before: Period
    changes: tuple[Change, ...]
    platforms: tuple[PlatformPerformance, ...]
    best_post_ids: tuple[str, ...]
    summary: tuple[str, ...]


def summarize(
    posts: Iterable[PostRecord],
    contexts: Iterable[ContextRecord],
    *,
    end: datetime,
    length: timedelta,
    threshold_pct: float,
) -> Performance:
    """Compares the period of `length` that ends at `end` with the one before; rates at the target age."""
    posts, contexts = list(posts), list(contexts)
    middle = end - length
    now, before = (
        Period(
            since,
            until,
            tuple(post for post in posts if since <= post.publish_time < until),
            tuple(context for context in contexts if since <= context.create_time < until),
            threshold_pct,
        )
        for since, until in ((middle, end), (middle - length, middle))
    )
    changes = tuple(_changes(now, before))
    best = sorted(now.aged, key=lambda post: (-(post.aged_rate_pct or 0.0), post.post_id))[:_BEST]
    return Performance(
        now, before, changes, _platforms(now, before), tuple(post.post_id for post in best), _summary(now, changes)
    )


def _changes(now: Period, before: Period) -> Iterable[Change]:
    rates, rates_before = now.rates, before.rates
    if len(rates) and len(rates_before):
        yield Change(
            "mean_rate_pct", float(rates_before.mean()), float(rates.mean()), _welch_of_logs(rates, rates_before)
        )
        yield _change_of_shares("success_share", now.successes, len(rates), before.successes, len(rates_before))
    yield Change("post_count", len(before.posts), len(now.posts))
    yield Change("genuine_total", before.genuine, now.genuine)
    if (all_now := now.genuine + now.filtered) and (all_before := before.genuine + before.filtered):
        yield Change("filtered_share", before.filtered / all_before, now.filtered / all_now)
    ended, ended_before = now.done + now.failed, before.done + before.failed
    if ended and ended_before:
        yield _change_of_shares("context_failure_share", now.failed, ended, before.failed, ended_before)


def _change_of_shares(figure: str, count: int, total: int, count_before: int, total_before: int) -> Change:
    table = np.array([[count, total - count], [count_before, total_before - count_before]])
    return Change(figure, count_before / total_before, count / total, float(stats.fisher_exact(table).pvalue))


def _welch_of_logs(rates: Array, rates_before: Array) -> float | None:
    logs, logs_before = log_rates(rates.tolist()), log_rates(rates_before.tolist())
    if min(len(logs), len(logs_before)) < 2 or logs.std() + logs_before.std() == 0.0:
        return None
    return float(stats.ttest_ind(logs, logs_before, equal_var=False).pvalue)


def _platforms(now: Period, before: Period) -> tuple[PlatformPerformance, ...]:
    counts = Counter(post.platform for post in now.posts)
    return tuple(
        PlatformPerformance(platform, count, _mean_on(now, platform), _mean_on(before, platform))
        for platform, count in counts.most_common()
    )


def _mean_on(period: Period, platform: int) -> Estimate | None:
    return mean_estimate(np.array([p.aged_rate_pct for p in period.aged if p.platform == platform], dtype=np.float64))


def _summary(now: Period, changes: Sequence[Change]) -> tuple[str, ...]:
    young = len(now.posts) - len(now.aged)
    told = [f"{len(now.posts)} posts in {(now.end - now.start).days} days, of which {young} are too young to compare."]
    mean, success = now.mean, now.success_share
    by_name = {change.figure: change for change in changes}
    if mean is not None and success is not None:
        words = f"Genuine engagement is {mean.value:.2f}% on average"
        told.append(f"{words}{_compared(by_name.get('mean_rate_pct'), '{:.2f}%')}.")
        words = f"{success.value:.0%} of {success.sample_size} posts reached {now.threshold_pct:g}%"
        told.append(f"{words}{_compared(by_name.get('success_share'), '{:.0%}')}.")
    counts = Counter(post.platform for post in now.posts)
    if len(counts) > 1:
        told.append(f"Most were on {platform_word(counts.most_common(1)[0][0])}.")
    if now.failed:
        words = f"{now.failed} of {now.done + now.failed} pieces of generation failed"
        told.append(f"{words}{_compared(by_name.get('context_failure_share'), '{:.0%}')}.")
    return tuple(told)


def _compared(change: Change | None, form: str) -> str:
    """What a sentence says of the period before, empty where that has no such figure."""
    if change is None:
        return ""
    before = form.format(change.before)
    if change.p_value is None or change.p_value > _CLEAR:
        return f", {before} in the period before: no difference that chance would not explain"
    return f", {'up' if change.now > change.before else 'down'} from {before} (p = {change.p_value:.3g})"
