"""What was taken out as not genuine: by reason and by layer, of one post or of many."""

from __future__ import annotations

from dataclasses import dataclass

from groundswell_server.engagement.metrics.verdict_tallies import Tallies
from groundswell_storage.engagement.enums import Verdict


@dataclass(frozen=True, slots=True)
class FilteredCount:
    """Interactions that were taken out for one reason."""

    verdict: Verdict
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class LayerShare:
    """Interactions that were taken out by what one layer saw."""

    layer: str
    count: int
    share: float
    """Of all that were taken out, 0 to 1; several layers can have seen something on one."""


def by_reason(tallies: Tallies) -> tuple[FilteredCount, ...]:
    """The reasons, most frequent first."""
    found = (FilteredCount(verdict, reason, count) for (verdict, reason), count in tallies.reasons.items() if count)
    return tuple(sorted(found, key=lambda one: (-one.count, one.reason)))


def by_layer(tallies: Tallies) -> tuple[LayerShare, ...]:
    """The layers, most frequent first."""
    taken = tallies.count(Verdict.BOT) + tallies.count(Verdict.PERSONA)
    counts: dict[str, int] = {}
    for (_, layer), count in tallies.layers.items():
        counts[layer] = counts.get(layer, 0) + count
    found = (LayerShare(layer, count, count / taken) for layer, count in counts.items() if count and taken)
    return tuple(sorted(found, key=lambda one: (-one.count, one.layer)))
