"""Choosing an arm by stored probabilities; pure Python, because it stands in the way of every assignment."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

FLOOR = 0.01
"""Probability that every arm keeps, so that all of them go on being measured."""


def with_floor(preference: Sequence[float]) -> tuple[float, ...]:
    """The preference (K, sums to 1) mixed with a uniform choice so that no arm falls below `FLOOR`.

    Beyond 100 arms the floor is 1 / K, and the choice is uniform.
    """
    arms = len(preference)
    floor = min(FLOOR, 1.0 / arms)
    return tuple(floor + (1.0 - arms * floor) * share for share in preference)


def draw(seed: str, unit: str) -> float:
    """The chance of a unit: evenly distributed over [0, 1), the same on every server.

    From BLAKE2b, because steps as coarse as those of a bucket would make small probabilities wrong.
    """
    digest = hashlib.blake2b(f"{seed}\0{unit}".encode(), digest_size=8).digest()
    return (int.from_bytes(digest) >> 11) / 2.0**53


def choose(probabilities: Sequence[float], draw: float) -> int:
    """The arm that a uniform draw from [0, 1) falls on."""
    reached = 0.0
    for arm, probability in enumerate(probabilities):
        reached += probability
        if draw < reached:
            return arm
    # Rounding may leave the sum a little below 1.
    return max(arm for arm, probability in enumerate(probabilities) if probability > 0.0)
