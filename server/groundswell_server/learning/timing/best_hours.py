"""The best hours to post for a persona, or for all personas of a platform."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from groundswell_storage.engagement import learning_rows, prediction_facts
from groundswell_storage.scope import Scope

if TYPE_CHECKING:
    from groundswell_server.learning.estimates import Estimate
    from groundswell_server.learning.timing.time_slots import TimeSlot

LOOKBACK_DAYS = 90
TOP_SLOTS = 5


@dataclass(frozen=True, slots=True)
class TimingQuery:
    """The posts from which the best hours are estimated."""

    persona_id: str
    """Empty for all personas of the platform."""
    platform: int
    as_of: datetime
    """The end of the span. Rates that were fetched later are not read."""
    lookback_days: int
    """The length of the span; 0 for `LOOKBACK_DAYS`."""
    target_age: timedelta
    """The age at which rates are compared."""


@dataclass(frozen=True, slots=True)
class BestHours:
    """The answer to PredictTiming."""

    best_hours: tuple[TimeSlot, ...]
    best_slots: tuple[TimeSlot, ...]
    mean_rate_pct: Estimate
    sample_size: int
    time_zone: str
    """The IANA time zone of the hours; empty if each persona has its own."""
    notes: tuple[str, ...]


def best_hours(scope: Scope, query: TimingQuery, top_k: int = 0) -> BestHours:
    """Returns the best `top_k` hours of the day and hours of the week; 0 means `TOP_SLOTS`.

    Raises NotFound (`PERSONA_NOT_FOUND`) and FailedPrecondition (`INSUFFICIENT_SAMPLES`).
    """
    from groundswell_server.learning.timing.time_slots import TimedRates, estimate_timing

    persona = prediction_facts.persona_facts(scope, query.persona_id) if query.persona_id else None
    rows = learning_rows.past_rates(
        scope,
        since=query.as_of - timedelta(days=query.lookback_days or LOOKBACK_DAYS),
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
    zones = {persona.time_zone} if persona is not None else {row.time_zone for row in rows}
    notes = () if len(zones) == 1 else ("The hour of each post is in the time zone of its persona.",)
    count = top_k or TOP_SLOTS
    return BestHours(
        best_hours=timing.hours[:count],
        best_slots=timing.slots[:count],
        mean_rate_pct=timing.mean,
        sample_size=timing.sample_size,
        time_zone=zones.pop() if len(zones) == 1 else "",
        notes=(*timing.notes, *notes),
    )
