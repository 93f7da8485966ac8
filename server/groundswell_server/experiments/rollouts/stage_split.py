"""Which units a rollout has reached: who is in at 5% is in at 10%.

Two hashes with salts of their own decide, one whether a unit is looked at, one which side it is on: whoever is drawn
into a rollout by the first is as likely new as old, and the comparison isn't skewed by how units are let in.
"""

from __future__ import annotations

from dataclasses import dataclass

from groundswell_server.experiments.design.buckets import bucket


@dataclass(frozen=True, slots=True)
class Draw:
    """What the hashes draw for a unit."""

    is_on: bool
    """Whether it gets what is new."""
    is_compared: bool
    """Whether it counts when new and old are compared: equal shares of both sides do."""


def draw(key: str, unit: str, share: float) -> Draw:
    """What a unit draws while the rollout `key` gives what is new to `share` of all units, 0 to 1.

    Up to half of the units, as many as get what is new are watched on the other side. Beyond that, only as many of
    the new ones count as there are old ones left.
    """
    included = bucket(f"{key}:inclusion", unit) < min(2.0 * share, 1.0)
    side = bucket(f"{key}:side", unit)
    if share <= 0.5:
        return Draw(is_on=included and side < 0.5, is_compared=included)
    return Draw(is_on=side < share, is_compared=side < 1.0 - share or side >= share)


OLD, NEW = 0, 1
"""The sides, as they are counted: variants of the comparison at a stage."""


@dataclass(frozen=True, slots=True)
class StageSplit:
    """How a stage shares out the units that count in it."""

    key: str
    """Of the rollout."""
    share: float

    def variant(self, unit: str) -> int | None:
        """The side that a unit counts on; None when it does not. With all units new, each counts: they are traffic."""
        if self.share >= 1.0:
            return NEW
        found = draw(self.key, unit, self.share)
        return int(found.is_on) if found.is_compared else None
