"""Heuristics that content does not meet, at the limits of the specification."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from groundswell_server.learning.features.post_facts import PostFacts
from groundswell_server.learning.scoring.changes import (
    CALL_TO_ACTION,
    CAPTION_LENGTH,
    HASHTAG_COUNT,
    MEDIA_TYPE,
    PUBLISH_HOUR,
)
from groundswell_server.learning.scoring.heuristics import Heuristic, unmet_heuristics

NOW = datetime(2026, 6, 1, 0, tzinfo=UTC)
TEXT, IMAGE, CAROUSEL, VIDEO, LINK = 1, 2, 3, 4, 5
ALL = {PUBLISH_HOUR, HASHTAG_COUNT, CAPTION_LENGTH, MEDIA_TYPE, CALL_TO_ACTION}


def unmet(facts: PostFacts) -> list[Heuristic]:
    return unmet_heuristics(facts, NOW, ALL)


def at(hour: int, minute: int = 0) -> PostFacts:
    return PostFacts(NOW + timedelta(hours=hour, minutes=minute))


@pytest.mark.parametrize(
    "facts",
    [
        PostFacts(),
        at(10),
        at(21, 59),
        PostFacts(hashtag_count=5),
        PostFacts(hashtag_count=10),
        PostFacts(caption_length=50),
        PostFacts(caption_length=500),
        PostFacts(media_type=IMAGE),
        PostFacts(media_type=CAROUSEL),
        PostFacts(media_type=VIDEO),
        PostFacts(call_to_action=True),
    ],
)
def test_what_keeps_the_customs_or_is_unknown_needs_no_advice(facts: PostFacts) -> None:
    assert unmet(facts) == []


@pytest.mark.parametrize(
    ("facts", "element", "suggested", "gain", "is_fault"),
    [
        (at(9, 59), PUBLISH_HOUR, 10, "", False),
        (at(22), PUBLISH_HOUR, 10, "", False),
        (PostFacts(hashtag_count=4), HASHTAG_COUNT, 7, "", False),
        (PostFacts(hashtag_count=3), HASHTAG_COUNT, 7, "", False),
        (PostFacts(hashtag_count=2), HASHTAG_COUNT, 7, "", True),
        (PostFacts(hashtag_count=11), HASHTAG_COUNT, 10, "", False),
        (PostFacts(hashtag_count=15), HASHTAG_COUNT, 10, "", False),
        (PostFacts(hashtag_count=16), HASHTAG_COUNT, 10, "", True),
        (PostFacts(caption_length=49), CAPTION_LENGTH, 150, "", False),
        (PostFacts(caption_length=501), CAPTION_LENGTH, 500, "", False),
        (PostFacts(media_type=TEXT), MEDIA_TYPE, IMAGE, "30-40%", False),
        (PostFacts(media_type=LINK), MEDIA_TYPE, IMAGE, "30-40%", False),
        (PostFacts(call_to_action=False), CALL_TO_ACTION, 1, "10-15%", False),
    ],
)
def test_content_that_does_not_meet_a_heuristic_is_advised(
    facts: PostFacts, element: str, suggested: float, gain: str, is_fault: bool
) -> None:
    (rule,) = unmet(facts)
    assert (rule.change.element, rule.change.number) == (element, suggested)
    assert (rule.customary_gain, rule.fault) == (gain, is_fault)


def test_what_is_suggested_keeps_the_custom() -> None:
    poor = PostFacts(NOW, media_type=TEXT, hashtag_count=40, caption_length=9, call_to_action=False)
    rules = unmet(poor)
    assert {rule.change.element for rule in rules} == ALL
    for rule in rules:
        assert rule.change.element not in {left.change.element for left in unmet(rule.change.facts)}
    assert unmet_heuristics(poor, NOW, {MEDIA_TYPE})[0].change.element == MEDIA_TYPE
