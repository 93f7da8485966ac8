"""A bandit's variant against its control, although the data chose where to look."""

from __future__ import annotations

import numpy as np

from groundswell_server.experiments.analysis.comparison import Comparison, Significance
from groundswell_server.experiments.bandits.adaptive_estimates import AdaptiveEstimates
from groundswell_server.experiments.statistics import confidence_sequence
from groundswell_server.experiments.statistics.always_valid import Promise
from groundswell_server.experiments.statistics.arms import Array
from groundswell_server.experiments.vocabulary import Direction


def compare_adaptive(
    estimates: AdaptiveEstimates, control: int, variant: int, deviation: float, promise: Promise, direction: Direction
) -> Comparison:
    """The same figures as of a fixed split, from adaptively weighted estimates.

    `deviation` is the standard deviation of a unit's reward, for the effect size. `promise.planned` counts the units of
    all arms: each of them bears on both estimates.
    """
    from scipy.special import ndtr, ndtri

    apart, error2 = estimates.difference(control, variant)
    if error2 <= 0.0:
        nothing = Significance(1.0, -np.inf, np.inf)
        return Comparison(estimates.units, apart, nothing, nothing, False, 1.0, 0.0, None, None)
    reach, error = float(ndtri(1.0 - promise.alpha / 2.0)), error2**0.5
    plan = (np.asarray(error2), np.asarray(float(estimates.units)), promise.planned, promise.alpha)
    half = float(confidence_sequence.half_width(*plan))
    worse = apart if direction is Direction.DECREASE else -apart
    lift, lift_test = _lift(estimates, control, variant, reach)
    return Comparison(
        units=estimates.units,
        difference=apart,
        fixed=Significance(2.0 * float(ndtr(-abs(apart) / error)), apart - reach * error, apart + reach * error),
        always_valid=Significance(
            _p(confidence_sequence.log_evidence(np.asarray(apart), *plan)), apart - half, apart + half
        ),
        is_exact=False,
        harm_p=_p(confidence_sequence.log_evidence_above(np.asarray(worse), *plan)),
        effect_size=apart / deviation if deviation > 0.0 else 0.0,
        lift=lift,
        lift_test=lift_test,
    )


def _lift(
    estimates: AdaptiveEstimates, control: int, variant: int, reach: float
) -> tuple[float | None, Significance | None]:
    """The relative difference by the delta method, the estimates' covariance included."""
    from scipy.special import ndtr

    base, other = float(estimates.mean[control]), float(estimates.mean[variant])
    if base == 0.0:
        return None, None
    gradient = np.array([-other / (base * abs(base)), 1.0 / abs(base)])
    pair = estimates.covariance[np.ix_([control, variant], [control, variant])]
    error = float(gradient @ pair @ gradient) ** 0.5
    lift = (other - base) / abs(base)
    p_value = 2.0 * float(ndtr(-abs(lift) / error)) if error > 0.0 else 1.0
    return lift, Significance(p_value, lift - reach * error, lift + reach * error)


def _p(log_e: Array) -> float:
    return float(confidence_sequence.p_value(log_e))
