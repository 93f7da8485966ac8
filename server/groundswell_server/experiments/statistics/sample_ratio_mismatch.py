"""Sample ratio mismatch (SRM): tests whether units were distributed among the variants as planned.

An SRM means that units are lost between assignment and event, so that the variants cannot be compared. Counts and
expected shares are (phases, K) arrays. Expected shares may differ between phases; under a bandit the phases are batches
and the shares are the probabilities that were stored with the choices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SRM_ALPHA = 0.001
"""A p value below this is a mismatch: one healthy experiment in a thousand is flagged."""
MIN_EXPECTED_UNITS = 5.0
"""The expected units of each variant for which the chi-square approximation is accurate (Cochran 1954)."""


@dataclass(frozen=True, slots=True)
class SampleRatio:
    """The p values of an SRM check."""

    p_value: float
    """Chi-square test of all phases together, valid for one analysis."""
    always_valid_p: float
    """Anytime-valid multinomial test, valid for any number of analyses."""
    phase_p_values: Array
    """(phases,) chi-square test of each phase."""

    @property
    def least_p(self) -> float:
        """Returns the least of all p values.

        The anytime-valid test is rarely the first to flag a mismatch. It is when phases deviate in opposite directions,
        or each by a little: the totals hide that, and no single phase is significant.
        """
        return min(self.p_value, self.always_valid_p, float(self.phase_p_values.min(initial=1.0)))

    @property
    def is_mismatch(self) -> bool:
        """Returns True for a sample ratio mismatch: overall, in one phase, or by the anytime-valid test."""
        return self.least_p < SRM_ALPHA


def check_sample_ratio(counts: Array, shares: Array, *, by_phase: bool = True) -> SampleRatio:
    """Checks counts (phases, K) against the expected shares (phases, K); the shares of a phase sum to 1.

    `by_phase` adds a test of each phase. It is False for a bandit, whose batches are many and small.
    """
    rows = zip(counts, shares, strict=True) if by_phase else ()
    phases = np.array([chi_square(row[None], due[None]) for row, due in rows])
    return SampleRatio(chi_square(counts, shares), always_valid(counts, shares), phases)


def chi_square(counts: Array, shares: Array) -> float:
    """Returns the p value of Pearson's chi-square test of the variants' totals.

    For one phase it is the usual statistic. For several phases the deviations of the totals are measured by their own
    covariance, the sum of the phases' multinomial covariances, because a sum of counts with different shares is not
    multinomial. The p value is 1 while a variant has fewer than `MIN_EXPECTED_UNITS` expected units.
    """
    from scipy.special import chdtrc

    units = counts.sum(axis=1)
    if _impossible(counts, shares):
        return 0.0
    due = units @ shares
    deviation = counts.sum(axis=0) - due
    covariance = np.diag(due) - np.einsum("p,pi,pj->ij", units, shares, shares)
    freedom = int((due > 0.0).sum()) - 1
    if freedom < 1 or due[due > 0.0].min() < MIN_EXPECTED_UNITS:
        return 1.0
    statistic = float(deviation @ np.linalg.pinv(covariance, hermitian=True) @ deviation)
    return float(chdtrc(freedom, max(statistic, 0.0)))


def always_valid(counts: Array, shares: Array) -> float:
    """Returns the p value of the anytime-valid multinomial test: 1 over a Bayes factor that is a martingale.

    Lindon, Malek 2022, "Anytime-valid inference for multinomial count data", formula 9. The prior of the shares is a
    Dirichlet distribution around the expected shares with the weight of K units. The factors of phases multiply.
    """
    from scipy.special import gammaln, xlogy

    if _impossible(counts, shares):
        return 0.0
    prior = shares * (shares > 0.0).sum(axis=1, keepdims=True)
    due = shares > 0.0
    grown = np.where(due, gammaln(np.where(due, prior + counts, 1.0)) - gammaln(np.where(due, prior, 1.0)), 0.0)
    weight, units = prior.sum(axis=1), counts.sum(axis=1)
    log_factor = grown.sum(axis=1) + gammaln(weight) - gammaln(weight + units) - xlogy(counts, shares).sum(axis=1)
    return float(np.exp(-max(float(log_factor.sum()), 0.0)))


def _impossible(counts: Array, shares: Array) -> bool:
    """Returns True when a variant has units although its expected share is 0."""
    return bool(((counts > 0.0) & (shares <= 0.0)).any())
