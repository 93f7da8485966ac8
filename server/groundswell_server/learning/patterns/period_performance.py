"""The performance of a period compared with the previous period of equal length."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from scipy import stats

from groundswell_server.learning.estimates import Estimate, mean_estimate, share_estimate
from groundswell_server.learning.patterns.residuals import Array, log_rates
from groundswell_storage.engagement.enums import ContextState, Platform
from groundswell_storage.engagement.pattern_rows import ContextRecord, PostRecord

_BEST_POSTS = 3
_SIGNIFICANCE = 0.05
"""The p value up to which the summary reports a difference."""


@dataclass(frozen=True, slots=True)
class PeriodPerformance:
    """The performance in one period. The fields are those of the contract."""

    start_time: datetime
    """Inclusive."""
    end_time: datetime
    """Exclusive."""
    post_count: int
    measured_count: int
    """The number of posts whose rate at the target age is known; the next three fields are computed on these."""
    mean_rate_pct: Estimate | None
    median_rate_pct: float | None
    success_share: Estimate | None
    genuine_total: int
    filtered_total: int
    done_context_count: int
    failed_context_count: int


@dataclass(frozen=True, slots=True)
class PerformanceChange:
    """The change of one metric. The fields are those of the contract."""

    metric: str
    previous: float
    current: float
    change_pct: float | None
    """None if the previous value was zero."""
    p_value: float | None
    """None for counts, which are not samples."""


@dataclass(frozen=True, slots=True)
class PlatformPerformance:
    """The performance on one platform. The fields are those of the contract."""

    platform: int
    post_count: int
    mean_rate_pct: Estimate | None
    previous_mean_rate_pct: Estimate | None


@dataclass(frozen=True, slots=True)
class Performance:
    """The answer to SummarizePerformance."""

    period: PeriodPerformance
    previous_period: PeriodPerformance
    changes: tuple[PerformanceChange, ...]
    platforms: tuple[PlatformPerformance, ...]
    best_post_ids: tuple[str, ...]
    summary: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Period:
    """The posts and contexts of one period."""

    start: datetime
    end: datetime
    posts: Sequence[PostRecord]
    contexts: Sequence[ContextRecord]
    threshold_pct: float

    @property
    def aged(self) -> list[PostRecord]:
        """The posts whose rate at the target age is known."""
        return [post for post in self.posts if post.aged_rate_pct is not None]

    @property
    def rates(self) -> Array:
        """The rates of `aged`, percent."""
        return np.array([post.aged_rate_pct for post in self.aged], dtype=np.float64)

    def mean_rate_on(self, platform: int) -> Estimate | None:
        """Returns the mean rate on a platform, percent."""
        rates = [post.aged_rate_pct for post in self.aged if post.platform == platform]
        return mean_estimate(np.array(rates, dtype=np.float64))

    def performance(self) -> PeriodPerformance:
        """Returns the performance in this period."""
        rates = self.rates
        successes = int(np.count_nonzero(rates >= self.threshold_pct))
        states = Counter(context.state for context in self.contexts)
        return PeriodPerformance(
            start_time=self.start,
            end_time=self.end,
            post_count=len(self.posts),
            measured_count=len(rates),
            mean_rate_pct=mean_estimate(rates),
            median_rate_pct=float(np.median(rates)) if len(rates) else None,
            success_share=share_estimate(successes, len(rates)) if len(rates) else None,
            genuine_total=sum(post.genuine_total for post in self.posts),
            filtered_total=sum(post.filtered_total for post in self.posts),
            done_context_count=states[ContextState.DONE],
            failed_context_count=states[ContextState.FAILED],
        )


def summarize(
    posts: Sequence[PostRecord],
    contexts: Sequence[ContextRecord],
    *,
    end: datetime,
    length: timedelta,
    threshold_pct: float,
) -> Performance:
    """Compares the period of `length` that ends at `end` with the previous one, by rates at the target age.

    `threshold_pct` is the rate of a successful post.
    """
    middle = end - length
    current, previous = (
        _Period(
            since,
            until,
            [post for post in posts if since <= post.publish_time < until],
            [context for context in contexts if since <= context.create_time < until],
            threshold_pct,
        )
        for since, until in ((middle, end), (middle - length, middle))
    )
    period, previous_period = current.performance(), previous.performance()
    changes = tuple(_changes(period, previous_period, current.rates, previous.rates))
    best = sorted(current.aged, key=lambda post: (-(post.aged_rate_pct or 0.0), post.post_id))[:_BEST_POSTS]
    platforms = _platforms(current, previous)
    return Performance(
        period,
        previous_period,
        changes,
        platforms,
        tuple(post.post_id for post in best),
        _summary(period, changes, platforms, threshold_pct),
    )


def _changes(
    period: PeriodPerformance, previous: PeriodPerformance, rates: Array, previous_rates: Array
) -> Iterable[PerformanceChange]:
    if period.success_share is not None and previous.success_share is not None:
        p_value = _welch_of_logs(rates, previous_rates)
        yield _change("mean_rate_pct", float(previous_rates.mean()), float(rates.mean()), p_value)
        yield _change_of_shares("success_share", previous.success_share, period.success_share)
    yield _change("post_count", previous.post_count, period.post_count)
    yield _change("genuine_total", previous.genuine_total, period.genuine_total)
    interactions = period.genuine_total + period.filtered_total
    previous_interactions = previous.genuine_total + previous.filtered_total
    if interactions and previous_interactions:
        share, previous_share = period.filtered_total / interactions, previous.filtered_total / previous_interactions
        yield _change("filtered_share", previous_share, share)
    failures, previous_failures = _failure_share(period), _failure_share(previous)
    if failures.sample_size and previous_failures.sample_size:
        yield _change_of_shares("context_failure_share", previous_failures, failures)


def _failure_share(period: PeriodPerformance) -> Estimate:
    failed = period.failed_context_count
    return share_estimate(failed, failed + period.done_context_count)


def _change(metric: str, previous: float, current: float, p_value: float | None = None) -> PerformanceChange:
    change_pct = 100.0 * (current - previous) / previous if previous else None
    return PerformanceChange(metric, previous, current, change_pct, p_value)


def _change_of_shares(metric: str, previous: Estimate, current: Estimate) -> PerformanceChange:
    counts = [(round(one.value * one.sample_size), one.sample_size) for one in (current, previous)]
    table = np.array([(count, total - count) for count, total in counts])
    return _change(metric, previous.value, current.value, float(stats.fisher_exact(table).pvalue))


def _welch_of_logs(rates: Array, previous_rates: Array) -> float | None:
    logs, previous_logs = log_rates(rates.tolist()), log_rates(previous_rates.tolist())
    if min(len(logs), len(previous_logs)) < 2 or logs.std() + previous_logs.std() == 0.0:
        return None
    return float(stats.ttest_ind(logs, previous_logs, equal_var=False).pvalue)


def _platforms(current: _Period, previous: _Period) -> tuple[PlatformPerformance, ...]:
    counts = Counter(post.platform for post in current.posts)
    return tuple(
        PlatformPerformance(platform, count, current.mean_rate_on(platform), previous.mean_rate_on(platform))
        for platform, count in counts.most_common()
    )


def _summary(
    period: PeriodPerformance,
    changes: Sequence[PerformanceChange],
    platforms: Sequence[PlatformPerformance],
    threshold_pct: float,
) -> tuple[str, ...]:
    by_metric = {change.metric: change for change in changes}
    days, pending = (period.end_time - period.start_time).days, period.post_count - period.measured_count
    sentences = [f"{period.post_count} posts in {days} days; {pending} of them are too young to be compared."]
    mean, success = period.mean_rate_pct, period.success_share
    if mean is not None and success is not None:
        sentences.append(
            f"Genuine engagement is {mean.value:.2f}% on average{_comparison(by_metric, 'mean_rate_pct', '{:.2f}%')}."
        )
        sentences.append(
            f"{success.value:.0%} of {success.sample_size} posts reached {threshold_pct:g}%"
            f"{_comparison(by_metric, 'success_share', '{:.0%}')}."
        )
    if len(platforms) > 1:
        sentences.append(f"Most were on {Platform(platforms[0].platform).name.lower()}.")
    if period.failed_context_count:
        ended = period.done_context_count + period.failed_context_count
        sentences.append(
            f"{period.failed_context_count} of {ended} generations failed"
            f"{_comparison(by_metric, 'context_failure_share', '{:.0%}')}."
        )
    return tuple(sentences)


def _comparison(changes: Mapping[str, PerformanceChange], metric: str, form: str) -> str:
    """Returns the end of a sentence that compares a metric with the previous period; empty if it has no value there."""
    change = changes.get(metric)
    if change is None:
        return ""
    previous = form.format(change.previous)
    if change.p_value is None or change.p_value > _SIGNIFICANCE:
        return f", against {previous} in the previous period: no significant difference"
    return f", {'up' if change.current > change.previous else 'down'} from {previous} (p = {change.p_value:.3g})"
