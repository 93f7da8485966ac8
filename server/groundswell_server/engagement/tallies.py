"""Tallies: how many interactions of each kind got which verdict, and why, kept with the post as they come in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from groundswell_server.engagement.rates import KindTally
from groundswell_server.engagement.vocabulary import InteractionKind, Verdict

_PLACES = (Verdict.GENUINE, Verdict.BOT, Verdict.PERSONA)


@dataclass(slots=True)
class Tallies:
    """Counts of a post's judged interactions; they change as interactions are added and judged again."""

    kinds: Counter[tuple[InteractionKind, Verdict]] = field(default_factory=Counter)
    reasons: Counter[tuple[Verdict, str]] = field(default_factory=Counter)
    """By verdict and code of the reason, of those that are not genuine."""

    @classmethod
    def of_json(cls, stored: Mapping[str, Any]) -> Tallies:
        """Reads what `to_json` made; empty for a post without interactions."""
        tallies = cls()
        for kind, counts in stored.get("kinds", {}).items():
            for verdict, count in zip(_PLACES, counts, strict=True):
                tallies.kinds[InteractionKind(int(kind)), verdict] = count
        for key, count in stored.get("reasons", {}).items():
            verdict_number, _, code = key.partition(":")
            tallies.reasons[Verdict(int(verdict_number)), code] = count
        return tallies

    def to_json(self) -> dict[str, Any]:
        """The form in which a post's row keeps them."""
        kinds = sorted({kind for kind, _ in self.kinds})
        return {
            "kinds": {str(int(kind)): [self.kinds[kind, verdict] for verdict in _PLACES] for kind in kinds},
            "reasons": {f"{int(verdict)}:{code}": count for (verdict, code), count in self.reasons.items() if count},
        }

    def add(self, kind: InteractionKind, verdict: Verdict, codes: Iterable[str], times: int = 1) -> None:
        """Counts an interaction in, or out with -1 `times`."""
        self.kinds[kind, verdict] += times
        if verdict is not Verdict.GENUINE:
            for code in codes:
                self.reasons[verdict, code] += times

    def count(self, verdict: Verdict) -> int:
        """Interactions with this verdict."""
        return sum(count for (_, given), count in self.kinds.items() if given is verdict)

    def by_kind(self) -> tuple[KindTally, ...]:
        """The tallies of the kinds of which single interactions are known."""
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

    def inauthentic_share(self) -> float | None:
        """Bots and personas among all, 0 to 1; None when no interaction is known."""
        total = sum(self.kinds.values())
        return None if not total else 1.0 - self.count(Verdict.GENUINE) / total
