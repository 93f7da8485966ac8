"""Failures, their risk factors, and advice on avoiding them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from groundswell_server.learning.enums import FailureKind
from groundswell_server.learning.estimates import mean_estimate, share_estimate
from groundswell_server.learning.patterns.failures import find_failures
from groundswell_server.learning.patterns.risks import Exposure, find_risks
from tests.learning.patterns.simulated import context

DONE, FAILED, REJECTED, APPROVED = 3, 4, 4, 2
TIMEOUT = [{"type": "TimeoutError", "message": "took 60 s", "location": "render.py:88"}]


def test_failures_by_type_with_phases_frequency_and_newest_examples_first() -> None:
    contexts = [
        *(context(at, state=FAILED, phase="IMAGE_GENERATION", trace_artifacts=TIMEOUT) for at in (9, 8, 7)),
        context(6, state=FAILED),
        context(5, validation=REJECTED, rate_pct=0.4),
        context(4, validation=REJECTED, rating=1),
        *(context(at, phase="IMAGE_GENERATION") for at in (3, 2)),
        context(1, state=2),  # still under way
    ]
    found = find_failures(contexts)
    assert [(one.kind, one.type, one.count) for one in found.patterns] == [
        (FailureKind.ERROR, "TimeoutError", 3),
        (FailureKind.ERROR, "unknown error", 1),
        (FailureKind.LOW_ENGAGEMENT, "low engagement", 1),
        (FailureKind.POOR_RATING, "poor rating", 1),
    ]
    timeout = found.patterns[0]
    assert (found.context_count, found.failure_count) == (8, 6)
    assert timeout.frequency.value == pytest.approx(3 / 8)
    assert [(one.phase, one.failure_count, one.context_count) for one in timeout.phases] == [("IMAGE_GENERATION", 3, 5)]
    assert [example.context_id for example in timeout.examples] == ["context-00009", "context-00008", "context-00007"]
    assert (timeout.examples[0].message, timeout.examples[0].location) == ("took 60 s", "render.py:88")
    (rejected,) = found.patterns[2].examples
    assert (rejected.message, rejected.location) == ("0.40% engagement", "")


def test_a_risk_factor_is_found_and_advised_against() -> None:
    random = np.random.default_rng(1)
    contexts = []
    for at in range(120):
        model = "small" if at % 3 == 0 else "large"
        failed = random.random() < (0.7 if model == "small" else 0.1)
        given = {
            "parameters": {"model": model, "steps": int(random.integers(3))},
            "prompt": "x" * int(random.integers(900)),
        }
        artifacts = TIMEOUT if failed else []
        contexts.append(context(at, state=FAILED if failed else DONE, input=given, trace_artifacts=artifacts))
    pattern = find_failures(contexts).patterns[0]
    assert pattern.risks[0].trait == "parameter model = small"
    assert pattern.risks[0].share_with > 0.5 > pattern.risks[0].share_without
    assert pattern.how_to_avoid.startswith("Avoid parameter model = small if you can: ")
    assert f"{pattern.risks[0].share_with:.0%} of the 40 contexts" in pattern.how_to_avoid


def test_a_failure_is_compared_with_comparable_contexts_of_the_same_phases() -> None:
    """Videos fail more often than texts; that is no risk factor among videos."""
    video = {"phase": "VIDEO_GENERATION", "complexity": 4}
    contexts = [context(at, state=FAILED, trace_artifacts=TIMEOUT, **video) for at in range(20)]
    contexts += [context(20 + at, **video) for at in range(20)]
    contexts += [context(40 + at, complexity=1) for at in range(60)]
    assert find_failures(contexts).patterns[0].risks == ()


def test_without_a_risk_factor_the_advice_names_the_most_frequent_location() -> None:
    contexts = [context(at, state=FAILED, trace_artifacts=TIMEOUT) for at in range(4)] + [context(9)]
    advice = find_failures(contexts).patterns[0].how_to_avoid
    assert "Investigate this first: 4 of 4 cases happened at render.py:88." in advice


def test_without_contexts_there_is_nothing() -> None:
    found = find_failures([])
    assert (found.patterns, found.context_count, found.failure_count) == ((), 0, 0)


def test_risks_are_fishers_exact_test_on_the_lady_tasting_tea() -> None:
    """Fisher 1935: 3 of 4 right of 8 cups, one-sided p = 17/70."""
    exposure = Exposure([True] * 4 + [False] * 4, {"milk first": frozenset({0, 1, 2, 4})})
    assert stats.fisher_exact([[3, 1], [1, 3]], alternative="greater").pvalue == pytest.approx(17 / 70)
    assert find_risks([exposure]) == [[]]
    many = Exposure([True] * 40 + [False] * 40, {"milk first": frozenset({*range(30), *range(40, 50)})})
    ((risk,),) = find_risks([many])
    expected = stats.fisher_exact([[30, 10], [10, 30]], alternative="greater").pvalue
    assert risk.adjusted_p_value == pytest.approx(expected)
    assert (risk.share_with, risk.share_without, risk.context_count) == (0.75, 0.25, 40)


def test_chance_is_rarely_taken_for_a_risk() -> None:
    random = np.random.default_rng(4)
    found = []
    for _ in range(60):
        failed = (random.random(100) < 0.3).tolist()
        traits = {str(at): frozenset(np.flatnonzero(random.random(100) < 0.3).tolist()) for at in range(20)}
        found.append(bool(find_risks([Exposure(failed, traits)])[0]))
    assert np.mean(found) <= 0.15


def test_shares_and_means_have_the_intervals_of_statsmodels_and_scipy() -> None:
    share = share_estimate(3, 17)
    assert (share.lower, share.upper) == pytest.approx(proportion_confint(3, 17, method="wilson"))
    values = np.array([1.0, 2.0, 4.0, 9.0])
    mean = mean_estimate(values)
    assert mean is not None
    expected = stats.t.interval(0.95, 3, values.mean(), stats.sem(values))
    assert (mean.lower, mean.upper) == pytest.approx(expected)
    assert mean_estimate(values[:0]) is None
    assert mean_estimate(values[:1]) is not None
