"""The best hours of a persona, or of a platform as a whole, from the posts of a span."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from groundswell_storage.engagement import learning_rows, prediction_facts
from groundswell_storage.scope import Scope

if TYPE_CHECKING:
    from groundswell_server.learning.timing.time_slots import Timing


@dataclass(frozen=True, slots=True)
class TimingQuery:
    """Whose hours, and by which posts."""

    persona_id: str
    """Empty for the platform as a whole."""
    platform: int
    as_of: datetime
    """Nothing that was fetched later is read."""
    lookback: timedelta
    """How long before that the first of the posts was published, at most."""
    target_age: timedelta
    """Age at which rates are compared."""


@dataclass(frozen=True, slots=True)
class BestHours:
    """The answer."""

    timing: Timing
    time_zone: str
    """IANA name of the clock that the hours are on; empty where each persona has its own."""


def best_hours(scope: Scope, query: TimingQuery) -> BestHours:
    """Raises NotFound (`PERSONA_NOT_FOUND`), FailedPrecondition (`INSUFFICIENT_SAMPLES`)."""
    from groundswell_server.learning.timing.time_slots import TimedRates, estimate_timing

    persona = prediction_facts.persona_facts(scope, query.persona_id) if query.persona_id else None
    rows = learning_rows.past_rates(
        scope,
        since=query.as_of - query.lookback,
        until=query.as_of,
        known_by=query.as_of,
        target_age=query.target_age,
        platform=query.platform,
    )
    rates = TimedRates.of(
        times=[row.publish_time for row in rows],
        time_zones=[row.time_zone for row in rows],
        rates=[row.rate_pct for row in rows],
        personas=[row.persona_id for row in rows],
    )
    timing = estimate_timing(rates, query.persona_id)
    if persona is not None:
        return BestHours(timing, persona.time_zone)
    zones = {row.time_zone for row in rows}
    if len(zones) == 1:
        return BestHours(timing, zones.pop())
    note = "Each post counts at the hour on the clock of its persona."
    return BestHours(replace(timing, notes=(*timing.notes, note)), "")
