"""The split of units in a stage: a unit that is on at 5% is on at 10%.

Two hashes with separate salts decide, one whether a unit is included and one which variant it gets. An included unit
gets either variant with the same probability, so that the inclusion does not skew the comparison.
"""

from __future__ import annotations

from dataclasses import dataclass

from groundswell_server.experiments.design.buckets import bucket

OLD, NEW = 0, 1
"""The indexes of the two variants of a stage."""


@dataclass(frozen=True, slots=True)
class UnitDraw:
    """The result of both hashes for a unit."""

    is_on: bool
    """True when the unit gets the new variant."""
    is_compared: bool
    """True when the unit is part of the comparison, which has equal shares of both variants."""


def draw(key: str, unit: str, share: float) -> UnitDraw:
    """Returns the draw of a unit in the rollout `key` at a `share` of all units, 0 to 1.

    Up to a share of one half, as many units with the old variant are compared as there are units with the new one.
    Beyond it, only as many units with the new variant are compared as units with the old one remain.
    """
    is_included = bucket(f"{key}:inclusion", unit) < min(2.0 * share, 1.0)
    # "side" is part of the hash: another salt would move units between the variants.
    position = bucket(f"{key}:side", unit)
    if share <= 0.5:
        return UnitDraw(is_on=is_included and position < 0.5, is_compared=is_included)
    return UnitDraw(is_on=position < share, is_compared=position < 1.0 - share or position >= share)


def counted_variant(found: UnitDraw, share: float) -> int | None:
    """Returns the variant in which a unit is compared; None when it is not.

    In the stage of all units every unit counts as new, which shows that there is traffic.
    """
    if share >= 1.0:
        return NEW
    return int(found.is_on) if found.is_compared else None


@dataclass(frozen=True, slots=True)
class StageSplit:
    """The distribution of the compared units of a stage among the variants."""

    key: str
    """The key of the rollout."""
    share: float

    def variant(self, unit: str) -> int | None:
        """Returns the variant in which a unit is compared; None when it is not."""
        return counted_variant(draw(self.key, unit, self.share), self.share)
