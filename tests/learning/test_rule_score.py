"""Rule-based scores."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings

from groundswell_server.learning.features.post_facts import PostFacts, Trailing
from groundswell_server.learning.scoring.rule_score import rule_score
from tests.learning.post_strategies import any_post

NOON, NIGHT = datetime(2026, 5, 4, 12, tzinfo=UTC), datetime(2026, 5, 4, 3, tzinfo=UTC)
TEXT, IMAGE, CAROUSEL, VIDEO, LINK = 1, 2, 3, 4, 5
GOOD = PostFacts(NOON, media_type=IMAGE, hashtag_count=7, caption_length=200, call_to_action=True)


def test_content_without_known_facts_scores_50() -> None:
    assert rule_score(PostFacts()).score == 50
    assert rule_score(PostFacts()).points == ()


@pytest.mark.parametrize(
    ("facts", "points"),
    [
        (PostFacts(NOON), 8),
        (PostFacts(NOON.replace(hour=10)), 8),
        (PostFacts(NOON.replace(hour=9, minute=59)), -8),
        (PostFacts(NOON.replace(hour=21, minute=59)), 8),
        (PostFacts(NOON.replace(hour=22)), -8),
        (PostFacts(NIGHT), -8),
        (PostFacts(NIGHT, "Asia/Tokyo"), 8),  # noon there
        (PostFacts(hashtag_count=5), 8),
        (PostFacts(hashtag_count=10), 8),
        (PostFacts(hashtag_count=4), 2),
        (PostFacts(hashtag_count=11), 2),
        (PostFacts(hashtag_count=3), 2),
        (PostFacts(hashtag_count=15), 2),
        (PostFacts(hashtag_count=2), -6),
        (PostFacts(hashtag_count=16), -10),
        (PostFacts(caption_length=50), 6),
        (PostFacts(caption_length=500), 6),
        (PostFacts(caption_length=49), -4),
        (PostFacts(caption_length=501), -4),
        (PostFacts(media_type=IMAGE), 10),
        (PostFacts(media_type=CAROUSEL), 10),
        (PostFacts(media_type=VIDEO), 10),
        (PostFacts(media_type=TEXT), -6),
        (PostFacts(media_type=LINK), -6),
        (PostFacts(call_to_action=True), 6),
        (PostFacts(call_to_action=False), -2),
        (PostFacts(trailing=Trailing(5.0)), 12),
        (PostFacts(trailing=Trailing(4.9)), 4),
        (PostFacts(trailing=Trailing(2.0)), 4),
        (PostFacts(trailing=Trailing(1.9)), -8),
    ],
)
def test_each_rule_gives_its_documented_points(facts: PostFacts, points: float) -> None:
    found = rule_score(facts)
    assert found.score == 50 + points
    assert [one.points for one in found.points] == [points]


def test_points_add_up_and_have_reasons() -> None:
    found = rule_score(GOOD._replace(trailing=Trailing(6.0)))
    assert found.score == 100
    assert {one.rule for one in found.points} == {
        *("hour", "hashtags", "caption_length", "media", "call_to_action", "trailing_rate")
    }
    assert "6.0%" in found.points[-1].reason


@given(any_post)
@settings(max_examples=200, deadline=None)
def test_every_score_is_between_0_and_100(facts: PostFacts) -> None:
    found = rule_score(facts)
    assert 0 <= found.score <= 100
    assert found.score == min(max(50 + sum(one.points for one in found.points), 0), 100)
