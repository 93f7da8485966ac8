"""What is kept of an arm's units in one phase, for one metric: enough for every test, however many the events."""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields


@dataclass(frozen=True, slots=True)
class Moments:
    """Sums over n units. Add those of other units, other servers, other hours: the order makes no difference.

    y is the unit's value (of a CONVERSION 0 or 1; of a RATIO its numerator), z the denominator of a RATIO, x the
    covariate from before the experiment. A unit that was exposed and did nothing counts, with y = 0. Sums of squares
    keep the variance of values whose mean is up to a million of their standard deviations; take an offset off others.
    """

    count: int = 0
    """n, units."""
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
"""Names of the ten sums, in order."""
