"""Families of tests, sample sizes and power, against statsmodels."""

from __future__ import annotations

import math

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import NormalIndPower

from groundswell_server.experiments.statistics import power
from groundswell_server.experiments.statistics.corrections import benjamini_hochberg, holm
from groundswell_server.statistics.confidence_sequence import half_width


@pytest.mark.parametrize("count", [1, 2, 5, 12])
def test_corrections_are_those_of_statsmodels(count: int) -> None:
    # Squares of few digits: small ones, and some of them equal.
    p_values = np.round(np.random.default_rng(count).random(count), 1) ** 2
    np.testing.assert_allclose(holm(p_values), multipletests(p_values, method="holm")[1], atol=1e-12)
    np.testing.assert_allclose(benjamini_hochberg(p_values), multipletests(p_values, method="fdr_bh")[1], atol=1e-12)


def test_no_family_is_no_correction() -> None:
    assert holm([]).tolist() == benjamini_hochberg([]).tolist() == []


@pytest.mark.parametrize("size", [0.02, 0.094, 0.5, 2.0])
@pytest.mark.parametrize("ratio", [0.25, 1.0, 3.0])
def test_power_is_that_of_statsmodels(size: float, ratio: float) -> None:
    reference = NormalIndPower()
    units = power.sample_size(size, 0.9, 0.01, ratio)
    assert units == pytest.approx(reference.solve_power(size, power=0.9, alpha=0.01, ratio=ratio), rel=1e-6)
    assert power.power(size, 700, 0.05, ratio) == pytest.approx(reference.power(size, 700, 0.05, ratio), abs=1e-12)
    assert power.detectable_size(units, 0.9, 0.01, ratio) == pytest.approx(size, rel=1e-9)


def test_no_effect_has_no_sample_size() -> None:
    assert power.sample_size(0.0) == math.inf
    assert power.sequential_sample_size(0.0) == math.inf
    assert power.sequential_sample_size(1e-300) == math.inf


def test_the_detectable_effect_has_the_requested_power() -> None:
    lift = power.detectable_lift_of_proportions(0.1, 1_768.095, 0.8)
    assert lift == pytest.approx(0.3, abs=1e-5)
    assert power.power(power.size_of_proportions(0.1, lift), 1_768.095) == pytest.approx(0.8, abs=1e-6)
    assert power.detectable_lift_of_proportions(0.5, 3) == math.inf
    curve = [power.power(size, 1_768) for size in (0.0, 0.05, 0.1, 0.2)]
    assert curve == sorted(curve)
    assert curve[0] == pytest.approx(0.05)


def test_a_covariate_saves_its_share_of_the_units() -> None:
    plain, adjusted = (power.sample_size(power.size_of_means(20.0, 30.0, 0.05, rho)) for rho in (0.0, 0.6))
    assert adjusted / plain == pytest.approx(1 - 0.36, rel=1e-6)


@pytest.mark.parametrize(("base", "lift"), [(0.0, 0.1), (1.0, 0.1), (0.6, 1.0), (0.2, -1.5)])
def test_impossible_proportions_are_refused(base: float, lift: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        power.size_of_proportions(base, lift)


def test_duration() -> None:
    assert power.duration_days(3_536, 1_000, 0.5) == pytest.approx(7.072)


def test_the_sequential_size_has_the_requested_power_at_its_end() -> None:
    units = power.sequential_sample_size(0.1, 0.8)
    random = np.random.default_rng(9)
    estimates = random.normal(0.1, (2 / units) ** 0.5, 20_000)
    half = half_width(np.array(2 / units), np.array(2 * units), 2 * units, 0.05)
    assert np.mean(estimates > half) == pytest.approx(0.8, abs=0.01)
