"""Counts of the interactions that the filter removed, by reason and by layer."""

from __future__ import annotations

from dataclasses import dataclass

from groundswell_server.engagement.metrics.verdict_tallies import Tallies
from groundswell_storage.engagement.enums import Verdict


@dataclass(frozen=True, slots=True)
class FilteredCount:
    """The number of interactions that were removed for one reason."""

    verdict: Verdict
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class LayerShare:
    """The number of interactions that one layer helped to remove."""

    layer: str
    count: int
    share: float
    """Share of all removed interactions, 0 to 1; several layers can contribute to one interaction."""


def by_reason(tallies: Tallies) -> tuple[FilteredCount, ...]:
    """Returns the counts by reason, most frequent first."""
    found = (FilteredCount(verdict, reason, count) for (verdict, reason), count in tallies.reasons.items() if count)
    return tuple(sorted(found, key=lambda one: (-one.count, one.reason)))


def by_layer(tallies: Tallies) -> tuple[LayerShare, ...]:
    """Returns the counts by layer, most frequent first."""
    taken = tallies.count(Verdict.BOT) + tallies.count(Verdict.PERSONA)
    counts: dict[str, int] = {}
    for (_, layer), count in tallies.layers.items():
        counts[layer] = counts.get(layer, 0) + count
    found = (LayerShare(layer, count, count / taken) for layer, count in counts.items() if count and taken)
    return tuple(sorted(found, key=lambda one: (-one.count, one.layer)))
