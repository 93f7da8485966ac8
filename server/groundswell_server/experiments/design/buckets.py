"""Bucketing: the variant of a unit, computed from its id alone, the same on every server and in GrowthBook.

Source: GrowthBook's published specification of its SDKs, version 0.8.0, sections "hash", "inNamespace",
"getBucketRanges" and "chooseVariation". GrowthBook hashes strings by character; this module hashes the bytes of their
UTF-8 encoding. Both give the same buckets for ASCII ids. For other ids the buckets are as uniform and as stable as
GrowthBook's, but different.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

_OFFSET = 0x811C9DC5
_PRIME = 0x01000193
_MASK = 0xFFFFFFFF
BUCKETS = 10_000
"""The number of buckets."""

Range = tuple[float, float]
"""A range of buckets: the start is included, the end is excluded."""


def fnv1a32(data: bytes, state: int = _OFFSET) -> int:
    """Returns the 32-bit FNV-1a hash of bytes; `state` is the hash of the bytes before them."""
    for byte in data:
        state = ((state ^ byte) * _PRIME) & _MASK
    return state


@lru_cache(maxsize=4096)
def seed_state(seed: str) -> int:
    """Returns the hash of a seed, with which the hash of a unit under this seed begins."""
    return fnv1a32(seed.encode())


def bucket(seed: str, unit: str) -> float:
    """Returns the bucket of a unit, 0 to 0.9999 in steps of 0.0001: GrowthBook's hash, version 2."""
    return _bucket(seed_state(seed), unit)


def _bucket(state: int, unit: str) -> float:
    return fnv1a32(b"%d" % fnv1a32(unit.encode(), state)) % BUCKETS / BUCKETS


def bucket_v1(seed: str, unit: str) -> float:
    """Returns the bucket of a unit, 0 to 0.999 in steps of 0.001: GrowthBook's hash, version 1.

    Version 1 is biased when a unit takes part in several experiments. Only namespaces still use it.
    """
    return fnv1a32(seed.encode(), fnv1a32(unit.encode())) % 1_000 / 1_000


def bucket_ranges(weights: Sequence[float], coverage: float = 1.0) -> tuple[Range, ...]:
    """Returns the range of buckets of each variant: the first `coverage` of a segment as long as the variant's weight.

    The start of a segment depends on the preceding weights only, so raising the coverage moves no unit between
    variants. Coverage is clamped to 0 to 1. Weights whose sum differs from 1 by more than 0.01 are replaced by equal
    weights, as in GrowthBook; an experiment with such weights is refused when it is created.
    """
    coverage = min(max(coverage, 0.0), 1.0)
    if not 0.99 <= sum(weights) <= 1.01:
        weights = equal_weights(len(weights))
    ranges, start = [], 0.0
    for weight in weights:
        ranges.append((start, start + coverage * weight))
        start += weight
    return tuple(ranges)


def equal_weights(count: int) -> tuple[float, ...]:
    """Returns equal weights for `count` variants; their sum is 1."""
    return (1.0 / count,) * count if count else ()


def choose(position: float, ranges: Sequence[Range]) -> int | None:
    """Returns the index of the variant that owns a bucket; None when no variant owns it."""
    for index, (start, end) in enumerate(ranges):
        if start <= position < end:
            return index
    return None


@dataclass(frozen=True, slots=True)
class Namespace:
    """A share of a namespace's units: experiments whose shares do not overlap never share a unit."""

    name: str
    start: float = 0.0
    """0 to 1, included."""
    end: float = 0.0
    """0 to 1, excluded."""

    @property
    def has_places(self) -> bool:
        """Returns True when some unit can be in the share: `bucket_v1` returns multiples of a thousandth."""
        return any(self.start <= place / 1_000 < self.end for place in range(1_000))

    def __contains__(self, unit: str) -> bool:
        return self.start <= bucket_v1(f"__{self.name}", unit) < self.end


@dataclass(frozen=True, slots=True)
class Split:
    """The distribution of units among the variants of an experiment; built once, evaluated for every unit."""

    state: int
    """The hash of the experiment's seed."""
    ranges: tuple[Range, ...]
    namespace: Namespace | None = None

    @classmethod
    def of(
        cls, seed: str, weights: Sequence[float], coverage: float = 1.0, namespace: Namespace | None = None
    ) -> Split:
        """Builds a split from the seed, the weights of the variants (sum 1) and the share of units that take part."""
        return cls(seed_state(seed), bucket_ranges(weights, coverage), namespace)

    def variant(self, unit: str) -> int | None:
        """Returns the index of the unit's variant; None when the unit does not take part."""
        if self.namespace is not None and unit not in self.namespace:
            return None
        return choose(_bucket(self.state, unit), self.ranges)
