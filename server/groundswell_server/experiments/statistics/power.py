"""How many units an experiment needs, how long that takes, and what it could find.

The effect size is Cohen's: h of two proportions, d of two means. Tests are two-sided, normal, of arms whose sizes
stand in the proportion `ratio`, variant to control.
"""

from __future__ import annotations

import math
from collections.abc import Callable

_MOST_UNITS = 1e12
"""An effect that asks for more units than this is none."""
_HALVINGS = 200


def power(effect_size: float, units: float, alpha: float = 0.05, ratio: float = 1.0) -> float:
    """The probability that a true effect is found with `units` in the control arm. Cohen 1988, chapter 12."""
    from scipy.special import ndtr, ndtri

    shift = abs(effect_size) * math.sqrt(units * ratio / (1.0 + ratio))
    critical = float(ndtri(1.0 - alpha / 2.0))
    return float(ndtr(shift - critical) + ndtr(-shift - critical))


def sample_size(effect_size: float, wanted: float = 0.8, alpha: float = 0.05, ratio: float = 1.0) -> float:
    """Units of the control arm with which a true effect is found with the probability `wanted`; infinite for none."""
    if power(effect_size, _MOST_UNITS, alpha, ratio) < wanted:
        return math.inf
    return _smallest(lambda units: power(effect_size, units, alpha, ratio) >= wanted, 1e-9, _MOST_UNITS)


def detectable_size(units: float, wanted: float = 0.8, alpha: float = 0.05, ratio: float = 1.0) -> float:
    """The smallest effect size that `units` in the control arm find with the probability `wanted`."""
    largest = 20.0 / math.sqrt(units * ratio / (1.0 + ratio))
    return _smallest(lambda size: power(size, units, alpha, ratio) >= wanted, 0.0, largest)


def size_of_proportions(base: float, lift: float) -> float:
    """Cohen's h of a proportion and the same a relative `lift` higher. ValueError: beyond 0 to 1."""
    raised = base * (1.0 + lift)
    if not (0.0 < base < 1.0 and 0.0 <= raised <= 1.0):
        raise ValueError("a proportion and its lifted value are between 0 and 1")
    return 2.0 * math.asin(math.sqrt(raised)) - 2.0 * math.asin(math.sqrt(base))


def size_of_means(mean: float, deviation: float, lift: float, correlation: float = 0.0) -> float:
    """Cohen's d of a mean and the same a relative `lift` higher, in standard deviations of a unit.

    `correlation` with a covariate from before the experiment takes its share out of the deviation (CUPED).
    """
    return mean * lift / (deviation * math.sqrt(1.0 - correlation**2))


def detectable_lift_of_proportions(
    base: float, units: float, wanted: float = 0.8, alpha: float = 0.05, ratio: float = 1.0
) -> float:
    """The smallest relative rise of a proportion that is found; infinite where even the rise to 1 is not."""
    size = detectable_size(units, wanted, alpha, ratio)
    angle = math.asin(math.sqrt(base)) + size / 2.0
    return math.sin(angle) ** 2 / base - 1.0 if angle <= math.pi / 2.0 else math.inf


def duration_days(total_units: float, units_per_day: float, coverage: float = 1.0) -> float:
    """Days until that many units have taken part, of those who come by each day."""
    return total_units / (units_per_day * coverage)


def sequential_sample_size(effect_size: float, wanted: float = 0.8, alpha: float = 0.05) -> float:
    """Units an arm at which the always-valid interval, planned for just so many, leaves out 0 with that probability.

    The price of looking whenever one likes, at most: many experiments with an effect end long before. Equal arms.
    Infinite for none.
    """
    from scipy.special import ndtri

    # At the planned total the interval has this many standard errors to a side, whatever that total is.
    scaled = -2.0 * math.log(alpha) + math.log(1.0 - 2.0 * math.log(alpha))
    errors = math.sqrt((scaled + 1.0) / scaled * math.log((scaled + 1.0) / alpha**2))
    reach = (errors + float(ndtri(wanted))) / abs(effect_size) if effect_size else math.inf
    return 2.0 * reach**2 if reach < _MOST_UNITS**0.5 else math.inf


def _smallest(enough: Callable[[float], bool], low: float, high: float) -> float:
    """The smallest value that is enough, to a part in 10^12; `high` is enough."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        low, high = (low, middle) if enough(middle) else (middle, high)
        if high - low <= 1e-12 * high:
            break
    return high
