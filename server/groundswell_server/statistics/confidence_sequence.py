"""Asymptotic confidence sequences: tests and intervals that are valid at every interim analysis and stopping time.

Source: Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas 2024, "Time-uniform central limit theory and asymptotic confidence
sequences", arXiv 2103.06476: theorem 2.2 (two-sided), its one-sided form and the choice of rho in the appendix. The
mixing variance rho^2 makes them tightest at `planned` units; they are valid at every other number of units too.

Arguments are floats or arrays (...): `difference`, its squared standard error `error2`, `units` of both variants
together, `planned` units fixed at the start, and `alpha`, the share of experiments without an effect that may ever be
flagged.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from groundswell_server.statistics.safe_division import safe_divide

Array = NDArray[np.float64]


def mixing_variance(planned: float, alpha: float) -> float:
    """Returns the rho^2 that makes the interval tightest at `planned` units."""
    return (-2.0 * math.log(alpha) + math.log(1.0 - 2.0 * math.log(alpha))) / planned


def half_width(error2: Array, units: Array, planned: float, alpha: float) -> Array:
    """Returns half the width (...) of the confidence sequence."""
    scaled = units * mixing_variance(planned, alpha)
    return np.asarray(np.sqrt(error2 * (scaled + 1.0) / scaled * np.log((scaled + 1.0) / alpha**2)))


def log_evidence(difference: Array, error2: Array, units: Array, planned: float, alpha: float) -> Array:
    """Returns the logarithm (...) of the e value, which exceeds 1 / alpha by chance in a share alpha at most."""
    scaled = units * mixing_variance(planned, alpha)
    return np.asarray(scaled * _squared(difference, error2) / (2.0 * (scaled + 1.0)) - np.log1p(scaled) / 2.0)


def p_value(log_e: Array) -> Array:
    """Returns min(1, 1 / e) (...), which is below alpha exactly when the interval excludes 0."""
    return np.exp(-np.maximum(log_e, 0.0))


def log_evidence_above(difference: Array, error2: Array, units: Array, planned: float, alpha: float) -> Array:
    """Returns `log_evidence` (...) against a difference of 0 or less: the mixture over positive effects alone."""
    from scipy.special import log_ndtr

    scaled = units * mixing_variance(planned, 2.0 * alpha)
    z = np.sign(difference) * np.sqrt(_squared(difference, error2))
    reach = z * np.sqrt(scaled / (scaled + 1.0))
    return np.asarray(reach**2 / 2.0 + math.log(2.0) + log_ndtr(reach) - np.log1p(scaled) / 2.0)


def _squared(difference: Array, error2: Array) -> Array:
    """Returns the squared difference (...) in standard errors; 0 where the data have no spread."""
    return safe_divide(np.square(difference), error2)
