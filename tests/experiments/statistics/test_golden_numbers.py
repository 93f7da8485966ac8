"""The golden numbers of the specification: control 100 of 1000 against 130 of 1000, alpha 0.05."""

from __future__ import annotations

import numpy as np
import pytest

from groundswell_server.experiments.statistics.bayesian import beta_posteriors
from groundswell_server.experiments.statistics.fixed_horizon import cohens_h, pooled_z, relative_lift, welch_t
from groundswell_server.experiments.statistics.power import sample_size
from groundswell_server.experiments.statistics.sample_ratio_mismatch import check_sample_ratio
from groundswell_server.experiments.statistics.variant_means import (
    VariantMean,
    VariantMeans,
    conversions,
    phase_weights,
    standardize,
)
from groundswell_server.statistics.confidence_sequence import half_width, log_evidence, p_value

A = conversions(np.array([100.0]), np.array([1000.0]))
B = conversions(np.array([130.0]), np.array([1000.0]))
WEIGHTS = phase_weights([A, B])
MEAN_A, MEAN_B = standardize(A, WEIGHTS), standardize(B, WEIGHTS)


def golden(value: float) -> object:
    return pytest.approx(value, abs=1e-6, rel=1e-6)


def test_pooled_z() -> None:
    from scipy.special import ndtri

    found = pooled_z(A, B, WEIGHTS)
    assert found.p_value == golden(0.035488450466)
    assert -ndtri(found.p_value / 2) == golden(2.102740605622)
    assert found.lower == golden(0.002002348715)
    assert found.upper == golden(0.058070485002)


def test_effect_size_and_sample_size() -> None:
    size = float(cohens_h(np.array(0.1), np.array(0.13)))
    assert size == golden(0.094224859660)
    assert sample_size(size, 0.8) == pytest.approx(1768.095, abs=5e-4)


def test_welch_and_lift() -> None:
    assert welch_t(MEAN_A, MEAN_B).p_value == golden(0.035411490257)
    lift = relative_lift(MEAN_A, MEAN_B)
    assert lift.estimate == golden(0.3)
    assert lift.p_value == golden(0.065597332603)


def test_sequential() -> None:
    error2 = MEAN_A.error2 + MEAN_B.error2
    apart, units = MEAN_B.mean - MEAN_A.mean, MEAN_A.count + MEAN_B.count
    assert p_value(log_evidence(apart, error2, units, 5000, 0.05)) == golden(0.378931507586)
    half = half_width(error2, units, 5000, 0.05)
    assert apart - half == golden(-0.014517962)
    assert apart + half == golden(0.074517962)


def test_bayesian() -> None:
    found = beta_posteriors([A, B], WEIGHTS, seed=1)
    assert found.probability_best[1] == golden(0.982165066)
    assert found.expected_loss[1] == pytest.approx(9.23745e-5, abs=1e-10)
    assert found.expected_loss[0] == pytest.approx(0.0300324943, abs=1e-9)


def test_sample_ratio_mismatch() -> None:
    found = check_sample_ratio(np.array([[5000.0, 5300.0]]), np.array([[0.5, 0.5]]))
    assert found.p_value == golden(0.003116693840)
    assert not found.is_mismatch


def test_no_data_gives_no_result() -> None:
    empty: list[VariantMeans] = [conversions(np.zeros(1), np.zeros(1))] * 2
    weights = phase_weights(empty)
    means: list[VariantMean] = [standardize(variant, weights) for variant in empty]
    assert pooled_z(*empty, weights).p_value == 1.0
    assert welch_t(*means).p_value == 1.0
