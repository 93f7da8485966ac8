"""Where units stand, as far as this server remembers: each in the arm of its first exposure, or crossed for ever.

A unit that stands somewhere stands there until it is moved, and an experiment counts its moves. What is remembered is
true as long as that count is the same, which whoever uses it asks in the same transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from struct import Struct
from typing import NamedTuple

from groundswell_storage.experiments.counting import Arm, Exposure

_MOST_PLACES = 200_000
_VARIANTS = 1000
"""More than an experiment can have."""

CROSSED = -1
"""The arm of units that were seen in two variants."""

UnitVariant = bytes
"""A unit's number and that of its arm, 64 bits each: those of many units, joined, are an array."""

_pack = Struct("=qq").pack


def variant_number(exposure: Exposure) -> int:
    """The arm that a unit counts in, as one number."""
    return CROSSED if exposure.crossed else exposure.phase * _VARIANTS + exposure.variant


def unit_variant_of(unit: int, exposure: Exposure) -> UnitVariant:
    """Where a unit stands."""
    return _pack(unit, variant_number(exposure))


def phase_variant_of(number: int) -> Arm:
    """Phase and variant of an arm's number."""
    return divmod(number, _VARIANTS)


class UnitVariants(NamedTuple):
    """Where units of an experiment were found to stand."""

    experiment: int
    moves: int
    """How many the experiment had had when they were found there."""
    places: dict[str, UnitVariant]


class UnitVariantCache:
    """What is remembered of all experiments; written on the event loop, read on any thread."""

    def __init__(self) -> None:
        self._rosters: dict[int, UnitVariants] = {}
        self._count = 0

    def places(self, experiment: int, moves: int) -> Mapping[str, UnitVariant]:
        """Where units of an experiment stand that has had so many moves."""
        known = self._rosters.get(experiment)
        return known.places if known is not None and known.moves == moves else {}

    def learn(self, found: UnitVariants) -> None:
        """Remembers what a transaction has found, once it is committed."""
        if self._count + len(found.places) > _MOST_PLACES:
            self._rosters, self._count = {}, 0
        known = self._rosters.get(found.experiment)
        if known is not None and known.moves == found.moves:
            before = len(known.places)
            known.places.update(found.places)
            self._count += len(known.places) - before
        elif known is None or known.moves < found.moves:
            self._rosters[found.experiment] = found
            self._count += len(found.places) - (len(known.places) if known is not None else 0)
