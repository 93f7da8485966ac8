"""Main effects and interactions against a regression."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from groundswell_server.experiments.statistics.factorial import contrasts, judge_contrast
from groundswell_server.experiments.statistics.variant_means import measure, phase_weights, standardize
from groundswell_storage.experiments.enums import MetricKind
from tests.experiments.moments import moments_of


def test_two_by_two_is_the_regression_of_statsmodels() -> None:
    """Robust errors of kind HC2 are those of unequal variances by cell."""
    random = np.random.default_rng(1)
    cells = [(a, b) for a in (0, 1) for b in (0, 1)]
    values = {(a, b): random.normal(1 + a + 0.5 * a * b, 1 + b, 40 + 30 * a) for a, b in cells}
    frame = pd.DataFrame([{"a": a - 0.5, "b": b - 0.5, "y": y} for (a, b), ys in values.items() for y in ys])
    fit = smf.ols("y ~ a * b", frame).fit(cov_type="HC2")
    variants = [measure(MetricKind.MEAN, [moments_of(values[cell])]) for cell in cells]
    means = [standardize(variant, phase_weights(variants)) for variant in variants]
    found = {contrast.factors: judge_contrast(contrast, means) for contrast in contrasts([2, 2])}
    for factors, name in (((0,), "a"), ((1,), "b"), ((0, 1), "a:b")):
        assert found[factors].estimate == pytest.approx(fit.params[name], rel=1e-9)
        assert (found[factors].upper - found[factors].lower) / fit.bse[name] == pytest.approx(2 * 1.97, rel=0.01)


def test_all_levels_and_pairs_are_compared() -> None:
    found = list(contrasts([2, 3, 2]))
    assert sum(len(contrast.factors) == 1 for contrast in found) == 1 + 2 + 1
    assert sum(len(contrast.factors) == 2 for contrast in found) == 2 + 1 + 2
    for contrast in found:
        assert contrast.weights.sum() == pytest.approx(0.0, abs=1e-12)


def test_a_known_table_gives_its_known_effects() -> None:
    """Means rise by 2 with the first factor, 3 and 5 with the second's levels, 1 more with the first and its third."""
    table = np.array([[10.0, 13.0, 15.0], [12.0, 15.0, 18.0]])
    random = np.random.default_rng(2)
    noise = random.normal(size=30)
    noise -= noise.mean()
    variants = [measure(MetricKind.MEAN, [moments_of(mean + noise)]) for mean in table.ravel()]
    means = [standardize(variant, phase_weights(variants)) for variant in variants]
    effects = {
        (contrast.factors, contrast.levels): float(judge_contrast(contrast, means).estimate)
        for contrast in contrasts([2, 3])
    }
    assert effects == pytest.approx(
        {
            ((0,), (1,)): 2 + 1 / 3,
            ((1,), (1,)): 3.0,
            ((1,), (2,)): 5.5,
            ((0, 1), (1, 1)): 0.0,
            ((0, 1), (1, 2)): 1.0,
        },
        abs=1e-9,
    )
