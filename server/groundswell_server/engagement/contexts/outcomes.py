"""What a human's rating or people's reaction says of a context, and when its approach becomes a pattern."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

from groundswell_storage.engagement.enums import Confidence, MediaType, Platform, Rating, Validation


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is thought of a context."""

    validation: Validation
    confidence: Confidence


GOOD: Final = Outcome(Validation.APPROVED, Confidence.VALIDATED)
FAIR: Final = Outcome(Validation.CONDITIONALLY_APPROVED, Confidence.CONFIDENT)
BAD: Final = Outcome(Validation.REJECTED, Confidence.UNCERTAIN)
UNDECIDED: Final = Outcome(Validation.PENDING, Confidence.HYPOTHESIS)

_OF_RATING: Final[Mapping[Rating, Outcome]] = MappingProxyType(
    {
        Rating.EXCELLENT: GOOD,
        Rating.GOOD: GOOD,
        Rating.ACCEPTABLE: FAIR,
        Rating.POOR: BAD,
        Rating.UNACCEPTABLE: BAD,
    }
)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From where on metrics speak for a context. All are settings, and have their defaults there."""

    success_rate_pct: float
    """Engagement rate, percent of the base, from which a post is a success."""
    genuine_ratio: float
    """Genuine part of the engagement, 0 to 1, below which no success is believed."""
    conditional_rate_pct: float
    """Engagement rate, percent, from which a post is fair."""
    rejection_age: timedelta
    """A younger post is never rejected: most of its engagement is still to come."""


def outcome_of_feedback(rating: Rating) -> Outcome:
    """What a human's rating says."""
    return _OF_RATING[rating]


def outcome_of_metrics(
    rate_pct: float | None,
    genuine_ratio: float | None,
    age: timedelta,
    thresholds: Thresholds,
) -> Outcome | None:
    """What the metrics of a post of this age say: UNDECIDED when it is too young to reject, None without a rate."""
    if rate_pct is None:
        return None
    believed = genuine_ratio is not None and genuine_ratio >= thresholds.genuine_ratio
    if rate_pct >= thresholds.success_rate_pct and believed:
        return GOOD
    if rate_pct >= thresholds.conditional_rate_pct:
        return FAIR
    return BAD if age >= thresholds.rejection_age else UNDECIDED


def resolve(rating: Rating | None, metrics: Outcome | None, current: Outcome, before: Outcome | None = None) -> Outcome:
    """The outcome that holds: a human's rating before metrics, metrics before what was there.

    Metrics that decide nothing take back only what metrics of the same post said `before`.
    """
    if rating:
        return outcome_of_feedback(rating)
    if metrics is None or (metrics == UNDECIDED and current != before):
        return current
    return metrics


@dataclass(frozen=True, slots=True)
class PatternDraft:
    """An approach that worked."""

    name: str
    """Such as "instagram_high_engagement"."""
    strategy: str
    """The approach in words, with its figures."""
    features: dict[str, Any]
    """What it consists of, as JSON: hashtags, hour, format, length, generation parameters."""


@dataclass(frozen=True, slots=True)
class PatternSource:
    """The post, and the generation behind it, that a pattern is read from."""

    platform: Platform
    hashtags: Sequence[str]
    published_time: datetime
    time_zone: str
    """IANA zone of the persona: the hour is its audience's."""
    media_type: MediaType
    caption_length: int | None
    """Characters; None when the post has no caption or it is unknown."""
    generation_parameters: Mapping[str, Any]
    rate_pct: float | None
    genuine_ratio: float | None


def pattern_of_metrics(outcome: Outcome | None, source: PatternSource) -> PatternDraft | None:
    """`<platform>_high_engagement` of a post that metrics approve of, None of any other.

    What is unknown of the post is left out of the features.
    """
    if outcome != GOOD or source.rate_pct is None or source.genuine_ratio is None:
        return None
    hour = source.published_time.astimezone(ZoneInfo(source.time_zone)).hour
    features: dict[str, Any] = {"hashtags": list(source.hashtags), "hour": hour}
    if source.media_type:
        features["format"] = source.media_type.name
    if source.caption_length is not None:
        features["length"] = source.caption_length
    if source.generation_parameters:
        features["generation_parameters"] = dict(source.generation_parameters)
    platform = source.platform.name.lower()
    strategy = (
        f"{source.rate_pct:.2f}% engagement on {platform}, {100 * source.genuine_ratio:.0f}% of it genuine: "
        f"{', '.join(_words_of(features))}"
    )
    return PatternDraft(f"{platform}_high_engagement", strategy, features)


def _words_of(features: Mapping[str, Any]) -> list[str]:
    words = [f"posted at {features['hour']:02d}:00"]
    if "format" in features:
        words.append(f"as {features['format'].lower()}")
    if features["hashtags"]:
        words.append("with " + " ".join(f"#{tag}" for tag in features["hashtags"]))
    if "length" in features:
        words.append(f"{features['length']} characters long")
    return words


def pattern_of_feedback(
    rating: Rating, phase: str, strategy: Mapping[str, Any] | None, generation_parameters: Mapping[str, Any]
) -> PatternDraft | None:
    """The strategy of a highly rated context as a pattern `<phase>_highly_rated`.

    None for a lower rating, and where there is neither a strategy nor parameters to keep.
    """
    if outcome_of_feedback(rating) != GOOD or not (strategy or generation_parameters):
        return None
    features: dict[str, Any] = {}
    if strategy:
        features["strategy"] = dict(strategy)
    if generation_parameters:
        features["generation_parameters"] = dict(generation_parameters)
    words = f"{phase.lower()} rated {rating.name.lower()} by a human"
    return PatternDraft(f"{phase.lower()}_highly_rated", words, features)
