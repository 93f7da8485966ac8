"""Sufficient statistics: sums that merge in any order."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell_server.experiments.statistics.moments import FIELDS, Moments
from groundswell_server.experiments.statistics.variant_means import measure
from groundswell_storage.experiments.enums import MetricKind
from tests.experiments.moments import moments_of

units = st.lists(st.tuples(*[st.integers(-1000, 1000)] * 3), min_size=1, max_size=20)


def of(rows: list[tuple[int, int, int]]) -> Moments:
    return moments_of(*np.array(rows, float).T)


@settings(deadline=None)
@given(units, units)
def test_moments_merge(first: list[tuple[int, int, int]], second: list[tuple[int, int, int]]) -> None:
    assert of(first) + of(second) == of(second + first)


def test_moments_give_mean_and_variance() -> None:
    values = np.random.default_rng(1).normal(50, 4, 500)
    variant = measure(MetricKind.MEAN, [moments_of(values[:200]), moments_of(values[200:])])
    np.testing.assert_allclose(variant.mean, [values[:200].mean(), values[200:].mean()])
    np.testing.assert_allclose(variant.variance, [values[:200].var(ddof=1), values[200:].var(ddof=1)])
    assert FIELDS[0] == "count"
