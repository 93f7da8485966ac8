"""Moments: the sufficient statistics of a variant's units in one phase, for one metric."""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields


@dataclass(frozen=True, slots=True)
class Moments:
    """Sums over n units. Moments of disjoint sets of units can be added in any order.

    y is the unit's value (0 or 1 for a CONVERSION, the numerator for a RATIO), z is the denominator of a RATIO, and x
    is the covariate from before the experiment. A unit that was exposed and has no events counts with y = 0. Sums of
    squares preserve the variance of values whose mean is up to a million standard deviations; other values need an
    offset subtracted.
    """

    count: int = 0
    """The number of units, n."""
    y: float = 0.0
    z: float = 0.0
    x: float = 0.0
    yy: float = 0.0
    zz: float = 0.0
    xx: float = 0.0
    yz: float = 0.0
    yx: float = 0.0
    zx: float = 0.0

    def __add__(self, other: Moments) -> Moments:
        return Moments(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))


FIELDS = tuple(field.name for field in fields(Moments))
"""The names of the fields, in order."""

MIN_UNITS_PER_VARIANT = 30
"""The units that every variant needs, whatever the settings: with fewer units no test keeps its error rate."""
