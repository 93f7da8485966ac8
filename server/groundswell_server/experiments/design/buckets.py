"""Which variant a unit gets: pure computation on its id, the same on every server and in GrowthBook.

Source: GrowthBook's published specification of its SDKs, version 0.8.0, sections "hash", "inNamespace",
"getBucketRanges" and "chooseVariation". There, strings are hashed by character; here, by the bytes of their UTF-8.
Both are the same for ASCII. Beyond ASCII the buckets here are as even and as lasting, but others than GrowthBook's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

_OFFSET = 0x811C9DC5
_PRIME = 0x01000193
_MASK = 0xFFFFFFFF
BUCKETS = 10_000
"""In which units fall."""

Range = tuple[float, float]
"""Buckets from the first, included, to the second, excluded."""


def fnv1a32(data: bytes, state: int = _OFFSET) -> int:
    """The 32-bit FNV-1a hash of bytes; `state` is the hash of what came before them."""
    for byte in data:
        state = ((state ^ byte) * _PRIME) & _MASK
    return state


@lru_cache(maxsize=4096)
def seed_state(seed: str) -> int:
    """The hash of a seed, from which that of seed and unit goes on."""
    return fnv1a32(seed.encode())


def bucket(seed: str, unit: str) -> float:
    """Where a unit falls, 0 to 0.9999 in steps of 0.0001: GrowthBook's hash, version 2."""
    return _bucket(seed_state(seed), unit)


def _bucket(state: int, unit: str) -> float:
    return fnv1a32(b"%d" % fnv1a32(unit.encode(), state)) % BUCKETS / BUCKETS


def bucket_v1(seed: str, unit: str) -> float:
    """Where a unit falls, 0 to 0.999 in steps of 0.001: GrowthBook's hash, version 1.

    It is biased where one unit takes part in several experiments, and is kept for namespaces.
    """
    return fnv1a32(seed.encode(), fnv1a32(unit.encode())) % 1_000 / 1_000


def bucket_ranges(weights: Sequence[float], coverage: float = 1.0) -> tuple[Range, ...]:
    """The buckets of each variant: variant i owns the first `coverage` of a stretch as long as its weight.

    Stretches begin where the weights before them end, whatever the coverage: raising it moves nobody between variants.
    Coverage is taken into 0 to 1. Weights that don't sum to 1, within 0.01, are taken for equal ones, as in GrowthBook;
    an experiment refuses them when it is created.
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
    """The same weight for each of `count` variants; their sum is 1."""
    return (1.0 / count,) * count if count else ()


def choose(position: float, ranges: Sequence[Range]) -> int | None:
    """The variant that owns a bucket; None where nobody does, and the unit takes no part."""
    for index, (start, end) in enumerate(ranges):
        if start <= position < end:
            return index
    return None


@dataclass(frozen=True, slots=True)
class Namespace:
    """A share of a namespace's units: experiments whose shares don't overlap never share a unit."""

    name: str
    start: float
    """0 to 1, included."""
    end: float
    """0 to 1, excluded."""

    @property
    def has_places(self) -> bool:
        """Whether any unit can be in it: `bucket_v1` gives thousandths."""
        return any(self.start <= place / 1_000 < self.end for place in range(1_000))

    def __contains__(self, unit: str) -> bool:
        return self.start <= bucket_v1(f"__{self.name}", unit) < self.end


@dataclass(frozen=True, slots=True)
class Split:
    """How an experiment shares out its units; made once, asked for every unit."""

    state: int
    """The hash of the experiment's seed."""
    ranges: tuple[Range, ...]
    namespace: Namespace | None = None

    @classmethod
    def of(
        cls, seed: str, weights: Sequence[float], coverage: float = 1.0, namespace: Namespace | None = None
    ) -> Split:
        """From the seed, the variants' weights (their sum is 1) and the share of units that take part."""
        return cls(seed_state(seed), bucket_ranges(weights, coverage), namespace)

    def variant(self, unit: str) -> int | None:
        """The index of the unit's variant; None when it takes no part."""
        if self.namespace is not None and unit not in self.namespace:
            return None
        return choose(_bucket(self.state, unit), self.ranges)
