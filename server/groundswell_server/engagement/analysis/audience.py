"""The audience of a persona: people, bots and AI personas among the interactions, with the reasons."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from groundswell_server.engagement.analysis.filtered_counts import FilteredCount, LayerShare, by_layer, by_reason
from groundswell_server.engagement.metrics.average_comparison import WINDOW
from groundswell_server.engagement.metrics.verdict_tallies import Tallies
from groundswell_storage.engagement import posts
from groundswell_storage.engagement.enums import Verdict
from groundswell_storage.engagement.personas import PersonaRow
from groundswell_storage.errors import InvalidArgument
from groundswell_storage.scope import Scope


@dataclass(frozen=True, slots=True)
class Audience:
    """The recorded interactions with a persona's posts."""

    post_count: int
    """Posts with recorded interactions."""
    genuine_count: int
    bot_count: int
    persona_count: int
    inauthentic_share: float | None
    """Share of bots and personas, 0 to 1; None without known interactions."""
    filtered: tuple[FilteredCount, ...]
    layers: tuple[LayerShare, ...]


def analyze_audience(
    scope: Scope, persona_id: str, platform: int, start: datetime | None, end: datetime | None
) -> Audience:
    """Sums the verdicts on a persona's posts of a span of time.

    Args:
        scope: the transaction.
        persona_id: the persona.
        platform: the platform; 0 for all.
        start: first time of publication; 30 days before the end when None.
        end: end of the span, exclusive; now when None.

    Raises NotFound, and InvalidArgument for a span that ends before it begins.
    """
    scope.get(PersonaRow, persona_id)
    end = scope.now if end is None else end
    start = end - WINDOW if start is None else start
    if end < start:
        raise InvalidArgument.of(
            "end_time", f"must not be before start_time, got {end.isoformat()} before {start.isoformat()}"
        )
    found = [
        Tallies.from_json(stored) for stored in posts.tallies(scope, persona_id, platform, since=start, before=end)
    ]
    total = sum(found, Tallies())
    return Audience(
        post_count=len(found),
        genuine_count=total.count(Verdict.GENUINE),
        bot_count=total.count(Verdict.BOT),
        persona_count=total.count(Verdict.PERSONA),
        inauthentic_share=total.inauthentic_share(),
        filtered=by_reason(total),
        layers=by_layer(total),
    )
