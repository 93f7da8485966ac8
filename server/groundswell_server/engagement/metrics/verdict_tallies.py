"""Tallies of verdicts: the number of interactions by kind, verdict and reason, stored with the post."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from groundswell_server.engagement.bot_detection.reasons import LAYER_OF
from groundswell_server.engagement.metrics.engagement_rates import KindTally
from groundswell_storage.engagement.enums import InteractionKind, Verdict

_PLACES = (Verdict.GENUINE, Verdict.BOT, Verdict.PERSONA)


@dataclass(slots=True)
class Tallies:
    """Counts of a post's judged interactions, updated as interactions are recorded and judged again."""

    kinds: Counter[tuple[InteractionKind, Verdict]] = field(default_factory=Counter)
    reasons: Counter[tuple[Verdict, str]] = field(default_factory=Counter)
    """Interactions that are not genuine, by verdict and reason code."""
    layers: Counter[tuple[Verdict, str]] = field(default_factory=Counter)
    """Interactions that are not genuine, by verdict and layer; each layer counts an interaction once."""

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Tallies:
        """Reads the result of `to_json`; empty for a post without interactions."""
        tallies = cls()
        for kind, counts in stored.get("kinds", {}).items():
            for verdict, count in zip(_PLACES, counts, strict=True):
                tallies.kinds[InteractionKind(int(kind)), verdict] = count
        for counted in ("reasons", "layers"):
            counter: Counter[tuple[Verdict, str]] = getattr(tallies, counted)
            for key, count in stored.get(counted, {}).items():
                verdict_number, _, name = key.partition(":")
                counter[Verdict(int(verdict_number)), name] = count
        return tallies

    def to_json(self) -> dict[str, Any]:
        """Returns the form in which a post's row stores the tallies."""
        kinds = sorted({kind for kind, _ in self.kinds})
        return {
            "kinds": {str(int(kind)): [self.kinds[kind, verdict] for verdict in _PLACES] for kind in kinds},
            "reasons": _named(self.reasons),
            "layers": _named(self.layers),
        }

    def __add__(self, other: Tallies) -> Tallies:
        """Adds two tallies."""
        return Tallies(self.kinds + other.kinds, self.reasons + other.reasons, self.layers + other.layers)

    def add(self, kind: InteractionKind, verdict: Verdict, codes: Iterable[str], times: int = 1) -> None:
        """Adds an interaction, or removes it with -1 `times`."""
        self.kinds[kind, verdict] += times
        if verdict is Verdict.GENUINE:
            return
        seen = set()
        for code in codes:
            self.reasons[verdict, code] += times
            seen.add(LAYER_OF[code])
        for layer in seen:
            self.layers[verdict, str(layer)] += times

    def count(self, verdict: Verdict) -> int:
        """Returns the number of interactions with this verdict."""
        return sum(count for (_, given), count in self.kinds.items() if given is verdict)

    def by_kind(self) -> tuple[KindTally, ...]:
        """Returns the tallies of the kinds with recorded interactions."""
        kinds = sorted({kind for (kind, _), count in self.kinds.items() if count})
        return tuple(
            KindTally(
                kind,
                genuine=self.kinds[kind, Verdict.GENUINE],
                bots=self.kinds[kind, Verdict.BOT],
                personas=self.kinds[kind, Verdict.PERSONA],
            )
            for kind in kinds
        )

    def bot_share(self) -> float | None:
        """Returns the share of bots, 0 to 1; None without any interaction. Personas count in the total only."""
        total = sum(self.kinds.values())
        return None if not total else self.count(Verdict.BOT) / total

    def inauthentic_share(self) -> float | None:
        """Returns the share of bots and personas, 0 to 1; None without any interaction."""
        total = sum(self.kinds.values())
        return None if not total else 1.0 - self.count(Verdict.GENUINE) / total


def _named(counter: Counter[tuple[Verdict, str]]) -> dict[str, int]:
    return {f"{int(verdict)}:{name}": count for (verdict, name), count in counter.items() if count}
