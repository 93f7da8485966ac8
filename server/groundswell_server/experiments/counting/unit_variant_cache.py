"""The cache of units' variants: the phase and variant of each unit's first exposure, or crossed.

A unit keeps its variant until its exposure is changed, and an experiment counts these changes as moves. An entry is
valid as long as that count is the same. The transaction that uses an entry reads the count.
"""

from __future__ import annotations

from collections.abc import Mapping
from struct import Struct
from typing import NamedTuple

from groundswell_storage.experiments.unit_counts import Exposure, PhaseVariant

_MAX_ENTRIES = 200_000
_VARIANTS = 1000
"""More variants than an experiment can have."""

CROSSED = -1
"""The variant number of units that were seen in two variants."""

UnitVariant = bytes
"""A unit's number and its variant number, 64 bits each: those of many units, joined, are an array."""

_pack = Struct("=qq").pack


def variant_number(exposure: Exposure) -> int:
    """Returns the phase and the variant of an exposure as one number; `CROSSED` for a crossed unit."""
    return CROSSED if exposure.crossed else exposure.phase * _VARIANTS + exposure.variant


def unit_variant_of(unit: int, exposure: Exposure) -> UnitVariant:
    """Returns the encoded variant of a unit."""
    return _pack(unit, variant_number(exposure))


def phase_variant_of(number: int) -> PhaseVariant:
    """Returns the phase and the variant of a variant number."""
    return divmod(number, _VARIANTS)


class UnitVariants(NamedTuple):
    """Variants of units of one experiment, as a transaction has read them."""

    experiment: int
    moves: int
    """The experiment's count of moves when they were read."""
    variants: dict[str, UnitVariant]


class UnitVariantCache:
    """The units' variants of all experiments; written on the event loop, read on any thread."""

    def __init__(self) -> None:
        self._entries: dict[int, UnitVariants] = {}
        self._count = 0

    def variants(self, experiment: int, moves: int) -> Mapping[str, UnitVariant]:
        """Returns the known variants of units of an experiment with this count of moves."""
        known = self._entries.get(experiment)
        return known.variants if known is not None and known.moves == moves else {}

    def remember(self, found: UnitVariants) -> None:
        """Stores the result of a transaction after its commit."""
        if self._count + len(found.variants) > _MAX_ENTRIES:
            self._entries, self._count = {}, 0
        known = self._entries.get(found.experiment)
        if known is not None and known.moves == found.moves:
            before = len(known.variants)
            known.variants.update(found.variants)
            self._count += len(known.variants) - before
        elif known is None or known.moves < found.moves:
            self._entries[found.experiment] = found
            self._count += len(found.variants) - (len(known.variants) if known is not None else 0)
