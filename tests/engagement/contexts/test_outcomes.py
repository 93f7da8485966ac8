from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from groundswell_server.engagement.contexts.outcomes import (
    BAD,
    FAIR,
    GOOD,
    UNDECIDED,
    Outcome,
    PatternSource,
    outcome_of_feedback,
    outcome_of_metrics,
    pattern_of_feedback,
    pattern_of_metrics,
    resolve,
)
from groundswell_storage.engagement.enums import Confidence, MediaType, Platform, Rating, Validation
from tests.engagement.defaults import THRESHOLDS

DAY = timedelta(days=1)
PENDING = Outcome(Validation.PENDING, Confidence.HYPOTHESIS)


@pytest.mark.parametrize(
    ("rating", "validation", "confidence"),
    [
        (Rating.EXCELLENT, Validation.APPROVED, Confidence.VALIDATED),
        (Rating.GOOD, Validation.APPROVED, Confidence.VALIDATED),
        (Rating.ACCEPTABLE, Validation.CONDITIONALLY_APPROVED, Confidence.CONFIDENT),
        (Rating.POOR, Validation.REJECTED, Confidence.UNCERTAIN),
        (Rating.UNACCEPTABLE, Validation.REJECTED, Confidence.UNCERTAIN),
    ],
)
def test_what_a_rating_says(rating: Rating, validation: Validation, confidence: Confidence) -> None:
    assert outcome_of_feedback(rating) == Outcome(validation, confidence)


@pytest.mark.parametrize(
    ("rate", "ratio", "outcome"),
    [
        (5.0, 0.7, GOOD),
        (12.0, 1.0, GOOD),
        (12.0, 0.69, FAIR),
        (12.0, None, FAIR),
        (4.99, 1.0, FAIR),
        (2.0, 0.1, FAIR),
        (1.99, 1.0, BAD),
        (0.0, None, BAD),
    ],
)
def test_what_metrics_say(rate: float, ratio: float | None, outcome: Outcome) -> None:
    assert outcome_of_metrics(rate, ratio, DAY, THRESHOLDS) == outcome


def test_nothing_is_rejected_before_it_is_a_day_old() -> None:
    assert outcome_of_metrics(0.5, 1.0, DAY - timedelta(seconds=1), THRESHOLDS) == UNDECIDED
    assert outcome_of_metrics(0.5, 1.0, DAY, THRESHOLDS) == BAD


def test_a_young_post_can_already_be_good() -> None:
    assert outcome_of_metrics(6.0, 0.9, timedelta(hours=1), THRESHOLDS) == GOOD


def test_without_a_rate_metrics_say_nothing() -> None:
    assert outcome_of_metrics(None, 1.0, DAY, THRESHOLDS) is None


def test_thresholds_are_settings() -> None:
    strict = replace(THRESHOLDS, success_rate_pct=10.0, conditional_rate_pct=6.0, genuine_ratio=0.95)

    assert outcome_of_metrics(7.0, 1.0, DAY, strict) == FAIR
    assert outcome_of_metrics(5.0, 1.0, DAY, strict) == BAD
    assert outcome_of_metrics(12.0, 0.9, DAY, strict) == FAIR


def test_a_human_outranks_metrics_and_metrics_what_was_there() -> None:
    assert resolve(Rating.POOR, GOOD, PENDING) == BAD
    assert resolve(None, GOOD, PENDING) == GOOD
    assert resolve(None, None, GOOD) == GOOD


def test_what_decides_nothing_takes_back_only_what_the_same_metrics_said() -> None:
    assert resolve(None, UNDECIDED, GOOD, GOOD) == UNDECIDED
    assert resolve(None, UNDECIDED, FAIR, FAIR) == UNDECIDED
    assert resolve(None, UNDECIDED, GOOD, None) == GOOD, "another post's metrics approved"
    assert resolve(None, UNDECIDED, BAD, UNDECIDED) == BAD
    assert resolve(Rating.GOOD, UNDECIDED, GOOD, GOOD) == GOOD
    assert resolve(Rating.UNSPECIFIED, GOOD, PENDING) == GOOD
    assert resolve(None, None, PENDING) == PENDING


def source(rate: float | None = 7.65) -> PatternSource:
    return PatternSource(
        platform=Platform.INSTAGRAM,
        hashtags=("sunset", "harbor"),
        published_time=datetime(2026, 5, 1, 16, 30, tzinfo=UTC),
        time_zone="Europe/Berlin",
        media_type=MediaType.VIDEO,
        caption_length=120,
        generation_parameters={"model": "xl", "seed": 7},
        rate_pct=rate,
        genuine_ratio=0.88,
    )


def test_a_success_becomes_a_pattern_with_what_it_was_made_of() -> None:
    pattern = pattern_of_metrics(GOOD, source())

    assert pattern is not None
    assert pattern.name == "instagram_high_engagement"
    assert pattern.features == {
        "hashtags": ["sunset", "harbor"],
        "hour": 18,
        "format": "VIDEO",
        "length": 120,
        "generation_parameters": {"model": "xl", "seed": 7},
    }
    assert pattern.strategy.startswith("7.65% engagement on instagram, 88% of it genuine: posted at 18:00")


@pytest.mark.parametrize("outcome", [FAIR, BAD, None])
def test_nothing_less_becomes_a_pattern(outcome: Outcome | None) -> None:
    assert pattern_of_metrics(outcome, source()) is None


def test_what_is_unknown_is_no_part_of_a_pattern() -> None:
    bare = PatternSource(
        Platform.TIKTOK, (), datetime(2026, 5, 1, tzinfo=UTC), "UTC", MediaType.UNSPECIFIED, None, {}, 6.0, 1.0
    )

    pattern = pattern_of_metrics(GOOD, bare)

    assert pattern is not None
    assert pattern.features == {"hashtags": [], "hour": 0}


def test_a_high_rating_keeps_the_strategy() -> None:
    pattern = pattern_of_feedback(Rating.GOOD, "IMAGE_GENERATION", {"style": "film"}, {"steps": 30})

    assert pattern is not None
    assert pattern.name == "image_generation_highly_rated"
    assert pattern.features == {"strategy": {"style": "film"}, "generation_parameters": {"steps": 30}}
    alone = pattern_of_feedback(Rating.EXCELLENT, "IMAGE_GENERATION", {"style": "film"}, {})
    assert alone is not None
    assert alone.features == {"strategy": {"style": "film"}}


def test_a_lower_rating_or_an_empty_strategy_keeps_nothing() -> None:
    assert pattern_of_feedback(Rating.ACCEPTABLE, "IMAGE_GENERATION", {"style": "film"}, {}) is None
    assert pattern_of_feedback(Rating.EXCELLENT, "IMAGE_GENERATION", None, {}) is None
