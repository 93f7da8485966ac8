"""Power analysis: sample size, duration and minimum detectable effect.

Effect sizes are Cohen's h for two proportions and Cohen's d for two means. Tests are two-sided and normal. `ratio` is
the number of units of the variant relative to the control.
"""

from __future__ import annotations

import math
from collections.abc import Callable

_MAX_UNITS = 1e12
"""The sample size above which an effect counts as none."""
_HALVINGS = 200


def power(effect_size: float, units: float, alpha: float = 0.05, ratio: float = 1.0) -> float:
    """Returns the probability of detecting a true effect with `units` in the control: Cohen 1988, chapter 12."""
    from scipy.special import ndtr, ndtri

    shift = abs(effect_size) * math.sqrt(units * ratio / (1.0 + ratio))
    critical = float(ndtri(1.0 - alpha / 2.0))
    return float(ndtr(shift - critical) + ndtr(-shift - critical))


def sample_size(effect_size: float, wanted: float = 0.8, alpha: float = 0.05, ratio: float = 1.0) -> float:
    """Returns the units of the control with which the power is `wanted`; infinite for an effect of 0."""
    if power(effect_size, _MAX_UNITS, alpha, ratio) < wanted:
        return math.inf
    return _smallest(lambda units: power(effect_size, units, alpha, ratio) >= wanted, 1e-9, _MAX_UNITS)


def detectable_size(units: float, wanted: float = 0.8, alpha: float = 0.05, ratio: float = 1.0) -> float:
    """Returns the smallest effect size that `units` in the control detect with the power `wanted`."""
    largest = 20.0 / math.sqrt(units * ratio / (1.0 + ratio))
    return _smallest(lambda size: power(size, units, alpha, ratio) >= wanted, 0.0, largest)


def size_of_proportions(base: float, lift: float) -> float:
    """Returns Cohen's h of a proportion and its value after a relative `lift`; raises ValueError outside 0 to 1."""
    raised = base * (1.0 + lift)
    if not (0.0 < base < 1.0 and 0.0 <= raised <= 1.0):
        raise ValueError(f"a proportion must be between 0 and 1 before and after the lift, got {base:g} and {raised:g}")
    return 2.0 * math.asin(math.sqrt(raised)) - 2.0 * math.asin(math.sqrt(base))


def size_of_means(mean: float, deviation: float, lift: float, correlation: float = 0.0) -> float:
    """Returns Cohen's d of a mean and its value after a relative `lift`.

    `correlation` with a pre-experiment covariate reduces the standard deviation (CUPED).
    """
    return mean * lift / (deviation * math.sqrt(1.0 - correlation**2))


def detectable_lift_of_proportions(
    base: float, units: float, wanted: float = 0.8, alpha: float = 0.05, ratio: float = 1.0
) -> float:
    """Returns the smallest detectable relative rise of a proportion; infinite if even a rise to 1 is not detectable."""
    size = detectable_size(units, wanted, alpha, ratio)
    angle = math.asin(math.sqrt(base)) + size / 2.0
    return math.sin(angle) ** 2 / base - 1.0 if angle <= math.pi / 2.0 else math.inf


def duration_days(total_units: float, units_per_day: float, coverage: float = 1.0) -> float:
    """Returns the days until `total_units` have taken part, of `units_per_day` with this coverage."""
    return total_units / (units_per_day * coverage)


def sequential_sample_size(effect_size: float, wanted: float = 0.8, alpha: float = 0.05) -> float:
    """Returns the units per variant at which the always-valid interval excludes 0 with the power `wanted`.

    The interval is planned for that number of units, and the variants have equal sizes. This is an upper bound of the
    cost of sequential analysis: many experiments with an effect end long before. Infinite for an effect of 0.
    """
    from scipy.special import ndtri

    # The half width of the interval at the planned total, in standard errors, is the same for every total.
    scaled = -2.0 * math.log(alpha) + math.log(1.0 - 2.0 * math.log(alpha))
    errors = math.sqrt((scaled + 1.0) / scaled * math.log((scaled + 1.0) / alpha**2))
    reach = (errors + float(ndtri(wanted))) / abs(effect_size) if effect_size else math.inf
    return 2.0 * reach**2 if reach < _MAX_UNITS**0.5 else math.inf


def _smallest(enough: Callable[[float], bool], low: float, high: float) -> float:
    """Returns the smallest value that is enough, with a relative error of 1e-12; `high` must be enough."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        low, high = (low, middle) if enough(middle) else (middle, high)
        if high - low <= 1e-12 * high:
            break
    return high
