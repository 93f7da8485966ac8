"""Whether units were shared out as planned: where they were not, something between assignment and event loses them.

Counts and expected shares are (phases, K) arrays. Expected shares may differ from phase to phase, or, under a bandit,
from batch to batch: there the probabilities stored with the choices are the shares.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

ALARM = 0.001
"""p values below this are a mismatch: healthy experiments raise a false alarm once in a thousand."""
MIN_EXPECTED_UNITS = 5.0
"""Units due in each arm before the chi-square distribution is near enough (Cochran 1954)."""


@dataclass(frozen=True, slots=True)
class SampleRatio:
    """How well the counts fit the plan."""

    p_value: float
    """Chi-square test of all phases together, right for one look."""
    always_valid_p: float
    """Right for any number of looks."""
    phase_p_values: Array
    """(phases,) chi-square test of each phase."""

    @property
    def least_p(self) -> float:
        """The least of all these p values.

        Of two tests the one for any number of looks rarely says no first. It does where phases deviate in opposite
        directions, or each a little: their totals hide it, and no phase is enough by itself.
        """
        return min(self.p_value, self.always_valid_p, float(self.phase_p_values.min(initial=1.0)))

    @property
    def is_mismatch(self) -> bool:
        """Whether the units can't be trusted: overall, in one phase, or by all that was seen so far."""
        return self.least_p < ALARM


def check_sample_ratio(counts: Array, shares: Array, *, by_phase: bool = True) -> SampleRatio:
    """Counts (phases, K) against the shares (phases, K) that were due; shares of a phase sum to 1.

    Without `by_phase` phases aren't tested each on its own: for a bandit's batches, which are many and small.
    """
    rows = zip(counts, shares, strict=True) if by_phase else ()
    phases = np.array([chi_square(row[None], due[None]) for row, due in rows])
    return SampleRatio(chi_square(counts, shares), always_valid(counts, shares), phases)


def chi_square(counts: Array, shares: Array) -> float:
    """P value of Pearson's test of the arms' totals.

    With one phase it is the usual statistic. With more, the totals' deviations are measured by their own covariance,
    the sum of the phases' multinomial ones: the sum of counts with different shares is not multinomial. Totals of
    which fewer than `MIN_EXPECTED_UNITS` were due in an arm say nothing yet: 1.
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
    """P value of the anytime-valid multinomial test: 1 over a Bayes factor that is a martingale under the plan.

    Lindon, Malek 2022, "Anytime-valid inference for multinomial count data", formula 9; the prior of the shares is
    Dirichlet about the plan, with K units' weight. Phases have shares of their own and multiply.
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
    """Whether an arm has units although none were due."""
    return bool(((counts > 0.0) & (shares <= 0.0)).any())
