"""The outcome of a context by a human's rating or by metrics, and the patterns of successful ones."""

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
    """The validation and the confidence of a context."""

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
    """The thresholds by which metrics decide about a context. All are settings with defaults."""

    success_rate_pct: float
    """Engagement rate, percent of the base, from which a post is a success."""
    genuine_ratio: float
    """Genuine part of the engagement, 0 to 1, that a success needs."""
    conditional_rate_pct: float
    """Engagement rate, percent, from which a post is fair."""
    rejection_age: timedelta
    """Younger posts are never rejected, because most of their engagement is in the future."""


def outcome_of_feedback(rating: Rating) -> Outcome:
    """Returns the outcome of a human's rating."""
    return _OF_RATING[rating]


def outcome_of_metrics(
    rate_pct: float | None,
    genuine_ratio: float | None,
    age: timedelta,
    thresholds: Thresholds,
) -> Outcome | None:
    """Returns the outcome of a post's metrics: UNDECIDED when it is too young to reject, None without a rate."""
    if rate_pct is None:
        return None
    believed = genuine_ratio is not None and genuine_ratio >= thresholds.genuine_ratio
    if rate_pct >= thresholds.success_rate_pct and believed:
        return GOOD
    if rate_pct >= thresholds.conditional_rate_pct:
        return FAIR
    return BAD if age >= thresholds.rejection_age else UNDECIDED


def resolve(rating: Rating | None, metrics: Outcome | None, current: Outcome, before: Outcome | None = None) -> Outcome:
    """Returns the outcome that applies: a rating before metrics, metrics before the present outcome.

    Undecided metrics reset only an outcome that metrics of the same post gave `before`.
    """
    if rating:
        return outcome_of_feedback(rating)
    if metrics is None or (metrics == UNDECIDED and current != before):
        return current
    return metrics


@dataclass(frozen=True, slots=True)
class PatternDraft:
    """A successful approach."""

    name: str
    """Such as "instagram_high_engagement"."""
    strategy: str
    """The approach in words, with its figures."""
    features: dict[str, Any]
    """Its parts as JSON: hashtags, hour, format, length, generation parameters."""


@dataclass(frozen=True, slots=True)
class PatternSource:
    """The post, and its generation, that a pattern is derived from."""

    platform: Platform
    hashtags: Sequence[str]
    published_time: datetime
    time_zone: str
    """IANA zone of the persona, because the hour is its audience's."""
    media_type: MediaType
    caption_length: int | None
    """Characters; None when the post has no caption or it is unknown."""
    generation_parameters: Mapping[str, Any]
    rate_pct: float | None
    genuine_ratio: float | None


def pattern_of_metrics(outcome: Outcome | None, source: PatternSource) -> PatternDraft | None:
    """Returns `<platform>_high_engagement` for a post that metrics approve, None for any other.

    Unknown properties of the post are left out of the features.
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
    """Returns the strategy of a highly rated context as a pattern `<phase>_highly_rated`.

    Returns None for a lower rating, and without a strategy or parameters to keep.
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
