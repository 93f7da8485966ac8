"""The analysis of an experiment, from its sums to its verdict."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from groundswell_server.experiments.analysis.experiment import Observed, Setup, analyze_observed
from groundswell_server.experiments.analysis.metric import MetricSpec, analyze_metric
from groundswell_server.experiments.analysis.verdicts import DecidingTest, Rules
from groundswell_server.experiments.statistics.always_valid import AnalysisPlan
from groundswell_server.experiments.statistics.moments import Moments
from groundswell_storage.experiments.enums import Direction, MetricKind, MetricRole, Verdict
from tests.experiments.moments import moments_of

CONVERSION = MetricSpec("conversion_rate", MetricKind.CONVERSION, MetricRole.PRIMARY, Direction.INCREASE)
LATENCY = MetricSpec("latency", MetricKind.MEAN, MetricRole.GUARDRAIL, Direction.DECREASE)
CLICKS = MetricSpec("click_through_rate", MetricKind.RATIO, MetricRole.SECONDARY, Direction.INCREASE)
SPENT = MetricSpec("spent", MetricKind.MEAN, MetricRole.SECONDARY, Direction.INCREASE)
SETUP = Setup(("control", "blue", "red"), 0, (CONVERSION, LATENCY, CLICKS, SPENT), Rules(), 12_000)


def conversions(hits: int, units: int) -> Moments:
    return Moments(units, y=hits, yy=hits)


def observed(latency: float = 200.0, seed: int = 1) -> Observed:
    random = np.random.default_rng(seed)
    units = 4_000
    views = random.poisson(6, (3, units)) + 1
    clicks = random.binomial(views, 0.2)
    moments = [
        [[conversions(hits, units)] for hits in (400, 560, 404)],
        [[moments_of(random.normal(mean, 40, units))] for mean in (200.0, latency, 200.0)],
        [[moments_of(clicks[arm], views[arm])] for arm in range(3)],
        [[moments_of(random.gamma(1, 20 + arm, units))] for arm in range(3)],
    ]
    return Observed(moments, np.full((1, 3), float(units)), np.full((1, 3), 1 / 3), timedelta(days=3))


def test_a_clear_effect_wins_by_either_test() -> None:
    for test in DecidingTest:
        found = analyze_observed(SETUP, observed(), test)
        assert (found.decision.verdict, found.decision.winner) == (Verdict.WINNER, "blue")
        assert found.test is test
        assert test.value in found.decision.explanation


def test_results_are_those_of_the_two_variants() -> None:
    """The golden numbers once more, through the whole analysis."""
    setup = replace(SETUP, variants=("control", "b"), specs=(CONVERSION,), expected_total_sample=5_000)
    counted = Observed(
        [[[conversions(100, 1_000)], [conversions(130, 1_000)]]],
        np.full((1, 2), 1_000.0),
        np.full((1, 2), 0.5),
        timedelta(days=3),
    )
    found = analyze_observed(setup, counted, DecidingTest.FIXED)
    arms, compared = found.results[0].variants, found.results[0].comparisons[1]
    assert compared.fixed.p_value == pytest.approx(0.035488450466, abs=1e-9)
    assert (compared.fixed.lower, compared.fixed.upper) == pytest.approx((0.002002348715, 0.058070485002), abs=1e-9)
    assert compared.always_valid.p_value == pytest.approx(0.378931507586, abs=1e-9)
    assert (compared.always_valid.lower, compared.always_valid.upper) == pytest.approx((-0.014517962, 0.074517962))
    assert (compared.effect_size, compared.lift) == pytest.approx((0.094224859660, 0.3))
    assert compared.lift_test is not None
    assert compared.lift_test.p_value == pytest.approx(0.065597332603, abs=1e-9)
    assert arms[1].probability_best == pytest.approx(0.982165066, abs=1e-8)
    assert found.decision.winner == "b"
    assert analyze_observed(setup, counted, DecidingTest.ALWAYS_VALID).decision.verdict is Verdict.NOT_SIGNIFICANT


def test_a_slower_variant_breaks_the_guardrail() -> None:
    found = analyze_observed(SETUP, observed(latency=206.0), DecidingTest.ALWAYS_VALID).decision
    assert found.verdict is Verdict.GUARDRAIL_BROKEN
    assert "blue is worse than the control on the guardrail latency" in found.explanation
    faster = analyze_observed(SETUP, observed(latency=180.0), DecidingTest.ALWAYS_VALID).decision
    assert faster.winner == "blue"


def test_a_mismatch_leaves_no_winner() -> None:
    counted = observed()
    lost = replace(counted, units=np.array([[4_000.0, 4_000.0, 3_600.0]]))
    assert analyze_observed(SETUP, lost, DecidingTest.FIXED).decision.verdict is Verdict.SAMPLE_RATIO_MISMATCH


def test_a_mismatch_that_only_the_anytime_valid_test_finds_leaves_no_winner() -> None:
    """Eight phases of 100 units, each slightly off to alternate sides: no other test detects it."""
    moments = [[[conversions(6, 63), conversions(4, 37)] * 4, [conversions(20, 37), conversions(40, 63)] * 4]]
    units = np.array([[63.0, 37.0], [37.0, 63.0]] * 4)
    setup = replace(SETUP, variants=("control", "blue"), specs=(CONVERSION,), expected_total_sample=800)
    off = analyze_observed(
        setup, Observed(moments, units, np.full((8, 2), 0.5), timedelta(days=3)), DecidingTest.ALWAYS_VALID
    )
    assert off.decision.verdict is Verdict.SAMPLE_RATIO_MISMATCH
    assert off.sample_ratio.p_value == 1.0
    assert f"p = {off.sample_ratio.always_valid_p:.2g}" in off.decision.explanation
    planned = np.array([[0.63, 0.37], [0.37, 0.63]] * 4)
    as_planned = analyze_observed(
        setup, Observed(moments, units, planned, timedelta(days=3)), DecidingTest.ALWAYS_VALID
    )
    assert as_planned.decision.winner == "blue"


def test_crossed_units_count_in_the_sample_ratio_check() -> None:
    """A thousand units of one variant were later seen in the other, and are excluded without being lost."""
    found = observed()
    kept = replace(found, units=found.units.copy(), crossed=np.zeros_like(found.units))
    kept.units[0, 1] -= 1_000
    assert analyze_observed(SETUP, kept, DecidingTest.ALWAYS_VALID).sample_ratio.is_mismatch
    assert kept.crossed is not None
    kept.crossed[0, 1] += 1_000
    assert not analyze_observed(SETUP, kept, DecidingTest.ALWAYS_VALID).sample_ratio.is_mismatch


def test_families_are_corrected_each_by_its_rule() -> None:
    found = analyze_observed(SETUP, observed(), DecidingTest.FIXED)
    primary = [found.results[0].comparisons[variant].fixed.p_value for variant in (1, 2)]
    assert [found.adjusted[0, variant].fixed_p for variant in (1, 2)] == pytest.approx(
        multipletests(primary, method="holm")[1]
    )
    hypotheses = [(metric, variant) for metric in (2, 3) for variant in (1, 2)]
    secondary = [found.results[metric].comparisons[variant].always_valid.p_value for metric, variant in hypotheses]
    assert [found.adjusted[one].always_valid_p for one in hypotheses] == pytest.approx(
        multipletests(secondary, method="fdr_bh")[1]
    )
    assert (0, 0) not in found.adjusted


def test_low_counts_are_decided_by_the_exact_bound() -> None:
    arms = [[conversions(2, 900)], [conversions(25, 1_000)]]
    found = analyze_metric(CONVERSION, arms, 0, AnalysisPlan(0.05, 5_000), seed=1).comparisons[1]
    assert found.is_exact
    assert found.always_valid.lower > 0.0
    assert found.always_valid.p_value < 0.05
    assert (
        not analyze_metric(CONVERSION, [[conversions(100, 1_000)]] * 2, 0, AnalysisPlan(0.05, 5_000), seed=1)
        .comparisons[1]
        .is_exact
    )


def test_harm_is_one_sided() -> None:
    arms = [[conversions(600, 4_000)], [conversions(500, 4_000)]]
    less = analyze_metric(CONVERSION, arms, 0, AnalysisPlan(0.05, 8_000), seed=1).comparisons[1]
    assert less.harm_p < 0.05
    wanted = replace(CONVERSION, direction=Direction.DECREASE)
    assert analyze_metric(wanted, arms, 0, AnalysisPlan(0.05, 8_000), seed=1).comparisons[1].harm_p == 1.0


def test_factors_are_analysed_beside_the_cells() -> None:
    """Two headlines and three pictures; the second headline adds 4 points, and 6 more with the third picture."""
    rates = [0.20, 0.22, 0.21, 0.24, 0.26, 0.31]
    cells = [[conversions(round(rate * 5_000), 5_000)] for rate in rates]
    setup = Setup(
        tuple(f"{headline}/{picture}" for headline in "ab" for picture in "xyz"),
        0,
        (CONVERSION,),
        Rules(),
        30_000,
        levels=(2, 3),
    )
    counted = Observed([cells], np.full((1, 6), 5_000.0), np.full((1, 6), 1 / 6), timedelta(days=3))
    found = analyze_observed(setup, counted, DecidingTest.ALWAYS_VALID)
    effects = {(effect.factors, effect.levels): effect for effect in found.effects}
    assert effects[(0,), (1,)].estimate == pytest.approx((0.04 + 0.04 + 0.10) / 3)
    assert effects[(0, 1), (1, 2)].estimate == pytest.approx(0.06)
    assert effects[(0, 1), (1, 2)].adjusted_p < 0.001
    assert effects[(0, 1), (1, 1)].adjusted_p > 0.5
    assert found.decision.winner == "b/z"


def test_an_experiment_without_units_needs_samples() -> None:
    empty = [[[Moments()]] * 3] * 4
    counted = Observed(empty, np.zeros((1, 3)), np.full((1, 3), 1 / 3), timedelta(days=3))
    found = analyze_observed(SETUP, counted, DecidingTest.ALWAYS_VALID)
    assert found.decision.verdict is Verdict.NEEDS_SAMPLES
    for each in found.results:
        for compared in each.comparisons.values():
            assert (compared.fixed.p_value, compared.always_valid.p_value, compared.harm_p) == (1.0, 1.0, 1.0)
            assert compared.lift is None


def test_a_new_phase_is_compared_within_itself() -> None:
    """The split went from 90:10 to 50:50 on the day that rates rose: the sums alone would call b better."""
    arms = [
        [conversions(900, 9_000), conversions(1_000, 5_000)],
        [conversions(100, 1_000), conversions(1_000, 5_000)],
    ]
    setup = replace(SETUP, variants=("control", "b"), specs=(CONVERSION,), expected_total_sample=20_000)
    counted = Observed(
        [arms],
        np.array([[9_000.0, 1_000.0], [5_000.0, 5_000.0]]),
        np.array([[0.9, 0.1], [0.5, 0.5]]),
        timedelta(days=9),
    )
    found = analyze_observed(setup, counted, DecidingTest.FIXED)
    assert found.results[0].comparisons[1].difference == pytest.approx(0.0, abs=1e-12)
    assert not found.sample_ratio.is_mismatch
    assert found.decision.verdict is Verdict.NOT_SIGNIFICANT
