"""Tests of groups against the others: SciPy's Welch, statsmodels' correction."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from groundswell_server.learning.patterns.associations import associate, percent
from groundswell_server.learning.patterns.residuals import Places, residuals

RANDOM = np.random.default_rng(3)
COUNT = 300
LEFT = residuals(RANDOM.gamma(2.0, 1.0, COUNT), RANDOM.integers(0, 4, COUNT), np.zeros((COUNT, 0)))
GROUPS: list[Places] = [np.flatnonzero(RANDOM.random(COUNT) < share) for share in (0.05, 0.1, 0.3, 0.5, 0.9)]


def test_p_values_are_those_of_scipys_welch() -> None:
    found = associate(LEFT, GROUPS)
    for row, rows in enumerate(GROUPS):
        inside = np.isin(np.arange(COUNT), rows)
        expected = stats.ttest_ind(LEFT.values[inside], LEFT.values[~inside], equal_var=False)
        assert found.p_values[row] == pytest.approx(expected.pvalue, rel=1e-9)
        difference = LEFT.values[inside].mean() - LEFT.values[~inside].mean()
        assert found.raw[row] == pytest.approx(difference / LEFT.spread(rows))


def test_they_are_corrected_as_by_statsmodels() -> None:
    found = associate(LEFT, GROUPS)
    np.testing.assert_allclose(found.adjusted, multipletests(found.p_values, method="fdr_bh")[1], rtol=1e-12)


def test_the_correction_of_benjamini_and_hochbergs_own_example() -> None:
    """Benjamini and Hochberg 1995, section 3.2: of these 15 p values the first four are discoveries at 5%."""
    p_values = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240]
    p_values += [0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    assert (stats.false_discovery_control(p_values) <= 0.05).sum() == 4


def test_effects_are_drawn_together_and_lie_in_their_intervals() -> None:
    found = associate(LEFT, GROUPS)
    assert found.effects.std() < found.raw.std()
    assert ((found.lower < found.effects) & (found.effects < found.upper)).all()


def test_what_has_too_few_posts_on_one_side_or_belongs_to_one_persona_is_not_tested() -> None:
    cell = np.flatnonzero(LEFT.cells == 0)
    nearly_all = np.arange(3, COUNT)
    found = associate(LEFT, [np.arange(4), nearly_all, cell, GROUPS[2]])
    assert found.tested.tolist() == [3]
    assert len(associate(LEFT, [np.arange(2)])) == 0


def test_a_logarithm_in_percent() -> None:
    assert percent(np.log(1.25)) == pytest.approx(25.0)
