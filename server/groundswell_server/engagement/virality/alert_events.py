"""The virality alert and the event that carries it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from groundswell_server.engagement.estimates import Estimate, Interval
from groundswell_storage.engagement.enums import Platform, RateBase
from groundswell_storage.fields import MICROSECOND


@dataclass(frozen=True, slots=True)
class ViralityAlert:
    """A post whose genuine rate is above the 95th percentile of posts at its age."""

    post_id: str
    persona_id: str
    platform: Platform
    age: timedelta
    engagement_rate_pct: float
    threshold_pct: float
    compared_post_count: int
    platform_wide: bool
    """True when the post is compared with the posts of all personas."""
    rate_base: RateBase
    projected_reach: Estimate | None
    """Projection of the base at `projected_age`; None when the post is older, or nothing is known of the growth of
    posts."""
    projected_age: timedelta


def alert_to_json(alert: ViralityAlert) -> dict[str, Any]:
    """Returns the payload of the event of an alert; durations are in microseconds."""
    reach = alert.projected_reach
    return {
        "persona_id": alert.persona_id,
        "platform": int(alert.platform),
        "age_us": alert.age // MICROSECOND,
        "engagement_rate_pct": alert.engagement_rate_pct,
        "threshold_pct": alert.threshold_pct,
        "compared_post_count": alert.compared_post_count,
        "platform_wide": alert.platform_wide,
        "rate_base": int(alert.rate_base),
        "projected_reach": None if reach is None else _estimate_to_json(reach),
        "projected_age_us": alert.projected_age // MICROSECOND,
    }


def alert_from_json(post_id: str, payload: Mapping[str, Any]) -> ViralityAlert:
    """Returns the alert of an event's payload."""
    reach = payload["projected_reach"]
    return ViralityAlert(
        post_id=post_id,
        persona_id=payload["persona_id"],
        platform=Platform(payload["platform"]),
        age=payload["age_us"] * MICROSECOND,
        engagement_rate_pct=payload["engagement_rate_pct"],
        threshold_pct=payload["threshold_pct"],
        compared_post_count=payload["compared_post_count"],
        platform_wide=payload["platform_wide"],
        rate_base=RateBase(payload["rate_base"]),
        projected_reach=None if reach is None else _estimate_from_json(reach),
        projected_age=payload["projected_age_us"] * MICROSECOND,
    )


def _estimate_to_json(estimate: Estimate) -> dict[str, Any]:
    bounds = estimate.interval
    return {
        "value": estimate.value,
        "interval": None if bounds is None else [bounds.lower, bounds.upper, bounds.level],
        "sample_size": estimate.sample_size,
    }


def _estimate_from_json(stored: Mapping[str, Any]) -> Estimate:
    bounds = stored["interval"]
    return Estimate(stored["value"], None if bounds is None else Interval(*bounds), stored["sample_size"])
