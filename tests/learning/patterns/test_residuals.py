"""Engagement freed of persona, platform, format and hour: the residuals of a regression with all of them."""

from __future__ import annotations

import numpy as np
import statsmodels.api as sm

from groundswell_server.learning.patterns.residuals import cells, dummies, log_rates, residuals

RANDOM = np.random.default_rng(5)
COUNT = 200
CELLS = RANDOM.integers(0, 7, COUNT)
FORMATS = RANDOM.integers(0, 3, COUNT).tolist()
OUTCOMES = 0.4 * CELLS + 0.7 * np.array(FORMATS) + RANDOM.normal(size=COUNT)


def test_they_are_the_studentised_residuals_of_statsmodels_in_the_unit_of_the_outcome() -> None:
    design = np.hstack([np.eye(7)[CELLS], np.eye(3)[FORMATS][:, 1:]])
    fit = sm.OLS(OUTCOMES, design).fit()
    influence = fit.get_influence()
    found = residuals(OUTCOMES, CELLS, dummies(FORMATS))
    np.testing.assert_allclose(found.values, influence.resid_studentized_internal * np.sqrt(fit.mse_resid), rtol=1e-9)
    np.testing.assert_allclose(found.scale, 1 / np.sqrt(1 - influence.hat_matrix_diag), rtol=1e-9)


def test_the_spread_of_a_group_is_what_the_fit_leaves_of_a_difference_of_one() -> None:
    rows = np.flatnonzero((CELLS == 2) | (RANDOM.random(COUNT) < 0.2))
    before = residuals(OUTCOMES, CELLS, dummies(FORMATS))
    raised = OUTCOMES.copy()
    raised[rows] += 1.0
    after = residuals(raised, CELLS, dummies(FORMATS))
    inside = np.isin(np.arange(COUNT), rows)
    moved = after.values - before.values
    assert np.isclose(before.spread(rows), moved[inside].mean() - moved[~inside].mean())
    assert 0.5 < before.spread(rows) < 1.0


def test_a_group_that_equals_a_cell_has_no_spread() -> None:
    assert abs(residuals(OUTCOMES, CELLS, dummies(FORMATS)).spread(np.flatnonzero(CELLS == 2))) < 1e-9


def test_small_cells_are_merged_by_platform_and_then_into_one() -> None:
    keys = [("ava", 1)] * 6 + [("bo", 1), ("cy", 1), ("di", 1), ("ed", 1), ("flo", 1)] + [("gus", 2)] * 2
    found = cells(keys)
    assert len(set(found[:6].tolist())) == 1
    assert len(set(found[6:11].tolist())) == 1
    assert len(set(found[11:].tolist())) == 1
    assert len(set(found.tolist())) == 3


def test_what_the_fit_leaves_no_freedom_is_unknown() -> None:
    found = residuals(np.array([1.0, 2.0, 9.0]), np.array([0, 0, 1]), np.zeros((3, 0)))
    assert np.isnan(found.values[2])
    assert not np.isnan(found.values[:2]).any()


def test_a_rate_of_zero_has_a_logarithm() -> None:
    assert np.isfinite(log_rates([0.0])).all()
    np.testing.assert_allclose(np.diff(log_rates([4.0, 4.41])), 0.095, atol=0.003)
