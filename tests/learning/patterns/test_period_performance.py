"""A period compared with the previous one."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from scipy import stats

from groundswell_server.learning.patterns.period_performance import Performance, summarize
from tests.learning.patterns.simulated import START, context, post

LENGTH = timedelta(days=30)
END = START + 2 * LENGTH
RATES_BEFORE = [2.0, 3.0, 2.5, 4.0, 2.2, 3.1]
RATES = [5.0, 6.5, 4.8, 7.0, 5.5, 6.1]


def summary(*, rates: list[float] = RATES, before: list[float] = RATES_BEFORE) -> Performance:
    posts = [
        post(at, aged_rate_pct=rate, publish_time=start + timedelta(days=at), platform=1 + at % 2, filtered_total=10)
        for start, known in ((START, before), (START + LENGTH, rates))
        for at, rate in enumerate(known)
    ]
    posts.append(post(99, aged_rate_pct=None, publish_time=END - timedelta(days=1), genuine_total=5))
    contexts = [context(at, state=4 if at < 2 else 3, create_time=END - timedelta(days=2)) for at in range(10)]
    contexts += [context(20 + at, state=3, create_time=START) for at in range(10)]
    return summarize(posts, contexts, end=END, length=LENGTH, threshold_pct=5.0)


def test_each_period_has_its_posts_and_contexts() -> None:
    found = summary()
    assert [
        (one.post_count, one.measured_count, one.done_context_count, one.failed_context_count)
        for one in (found.period, found.previous_period)
    ] == [
        (7, 6, 8, 2),
        (6, 6, 10, 0),
    ]
    assert (found.period.genuine_total, found.period.filtered_total) == (185, 60)
    assert found.period.median_rate_pct == pytest.approx(np.median(RATES))
    assert (found.period.start_time, found.period.end_time, found.previous_period.start_time) == (
        START + LENGTH,
        END,
        START,
    )


def test_changes_are_tested_where_they_are_samples() -> None:
    changes = {one.metric: one for one in summary().changes}
    expected = stats.ttest_ind(np.log(np.add(RATES, 0.1)), np.log(np.add(RATES_BEFORE, 0.1)), equal_var=False).pvalue
    assert changes["mean_rate_pct"].p_value == pytest.approx(expected)
    assert changes["mean_rate_pct"].change_pct == pytest.approx(100 * (np.mean(RATES) / np.mean(RATES_BEFORE) - 1))
    assert changes["success_share"].p_value == pytest.approx(stats.fisher_exact([[5, 1], [0, 6]]).pvalue)
    assert changes["success_share"].change_pct is None, "there is no percentage of nothing"
    assert (changes["post_count"].previous, changes["post_count"].current, changes["post_count"].p_value) == (
        6,
        7,
        None,
    )
    assert changes["context_failure_share"].current == pytest.approx(0.2)


def test_sentences_report_significant_changes_only() -> None:
    assert any("up from 2.80% (p = " in one for one in summary().summary)
    same = summary(rates=[3.0, 2.0, 4.0, 2.4, 2.6, 3.2]).summary
    assert any("against 2.80% in the previous period: no significant difference" in one for one in same)
    assert "1 of them are too young to be compared" in summary().summary[0]


def test_platforms_and_the_best_posts() -> None:
    found = summary()
    assert [(one.platform, one.post_count) for one in found.platforms] == [(1, 4), (2, 3)]
    assert found.platforms[1].mean_rate_pct is not None
    assert found.platforms[1].mean_rate_pct.value == pytest.approx(np.mean(RATES[1::2]))
    assert len(found.best_post_ids) == 3
    assert found.best_post_ids[0] == "post-00003"


def test_a_workspace_without_posts_has_a_summary_too() -> None:
    found = summarize([], [], end=END, length=LENGTH, threshold_pct=5.0)
    assert found.period.mean_rate_pct is found.period.median_rate_pct is found.period.success_share is None
    assert [one.metric for one in found.changes] == ["post_count", "genuine_total"]
    assert found.summary == ("0 posts in 30 days; 0 of them are too young to be compared.",)
