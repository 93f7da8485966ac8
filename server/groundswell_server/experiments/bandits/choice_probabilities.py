"""Choices by stored probabilities, in pure Python because every assignment of a bandit makes one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

FLOOR = 0.01
"""The minimum probability of a variant, so that every variant keeps being measured."""


def with_floor(preference: Sequence[float]) -> tuple[float, ...]:
    """Returns the preference (K,), which sums to 1, mixed with a uniform choice so that no variant is below `FLOOR`.

    For more than 100 variants the floor is 1 / K, and the choice is uniform.
    """
    variants = len(preference)
    floor = min(FLOOR, 1.0 / variants)
    return tuple(floor + (1.0 - variants * floor) * share for share in preference)


def draw(seed: str, unit: str) -> float:
    """Returns the draw of a unit, uniform over [0, 1) and the same on every server.

    It uses BLAKE2b, because the coarse steps of a bucket would distort small probabilities.
    """
    digest = hashlib.blake2b(f"{seed}\0{unit}".encode(), digest_size=8).digest()
    return (int.from_bytes(digest) >> 11) / 2.0**53


def choose(probabilities: Sequence[float], draw: float) -> int:
    """Returns the variant that a uniform draw from [0, 1) selects."""
    reached = 0.0
    for variant, probability in enumerate(probabilities):
        reached += probability
        if draw < reached:
            return variant
    # Rounding may leave the sum slightly below 1.
    return max(variant for variant, probability in enumerate(probabilities) if probability > 0.0)
