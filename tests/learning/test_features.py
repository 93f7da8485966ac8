"""The 18 features of a post, in the persona's time zone and independent of its outcome."""

from __future__ import annotations

import dataclasses
import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell_server.learning.features.encoder import Encoder
from groundswell_server.learning.features.post_facts import Example, PostFacts, Trailing
from groundswell_server.learning.features.post_features import FEATURES, category, extract, feature_values
from groundswell_server.learning.features.post_rows import PostRows
from tests.learning.post_strategies import any_post
from tests.learning.simulated_posts import simulate


def feature(name: str, facts: PostFacts) -> float:
    return feature_values(facts)[FEATURES.index(name)]


def test_there_are_the_18_features_of_the_specification() -> None:
    assert list(FEATURES) == [
        *("hour", "weekday", "complexity", "state", "confidence", "validation", "agent_assigned", "platform"),
        *("media_type", "prompt_length", "caption_length", "hashtag_count", "call_to_action", "content_category"),
        *("log_followers", "trailing_engagement_rate", "trailing_genuine_users", "trailing_bot_share"),
    ]


@pytest.mark.parametrize(
    ("time", "zone", "hour", "weekday"),
    [
        (datetime(2026, 7, 5, 23, 30, tzinfo=UTC), "UTC", 23, 6),
        (datetime(2026, 7, 5, 23, 30, tzinfo=UTC), "Europe/Berlin", 1, 0),  # Monday there, by summer time
        (datetime(2026, 1, 5, 23, 30, tzinfo=UTC), "Europe/Berlin", 0, 1),  # by winter time
        (datetime(2026, 7, 6, 2, 0, tzinfo=UTC), "America/Los_Angeles", 19, 6),
        (datetime(2026, 7, 5, 20, 0, tzinfo=UTC), "Asia/Kolkata", 1, 0),
    ],
)
def test_hour_and_weekday_are_those_of_the_persona(time: datetime, zone: str, hour: int, weekday: int) -> None:
    facts = PostFacts(publish_time=time, time_zone=zone)
    assert (feature("hour", facts), feature("weekday", facts)) == (hour, weekday)


def test_a_time_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        feature_values(PostFacts(publish_time=datetime(2026, 1, 1)))  # noqa: DTZ001


def test_a_post_without_known_facts_has_no_feature() -> None:
    assert all(math.isnan(value) for value in feature_values(PostFacts()))
    assert category(PostFacts()) is None


def test_unspecified_enums_are_unknown_and_zero_counts_are_known() -> None:
    facts = PostFacts(
        platform=0, media_type=0, state=0, validation=0, hashtag_count=0, followers=0, call_to_action=False
    )
    unknown = {name for name, value in zip(FEATURES, feature_values(facts), strict=True) if math.isnan(value)}
    assert {"platform", "media_type", "state", "validation"} <= unknown
    assert (feature("hashtag_count", facts), feature("log_followers", facts), feature("call_to_action", facts)) == (
        0,
        0,
        0,
    )


def test_validation_ranks_from_rejected_to_approved() -> None:
    rejected, pending, conditional, approved = 4, 1, 3, 2
    ranks = [feature("validation", PostFacts(validation=value)) for value in (rejected, pending, conditional, approved)]
    assert ranks == [0, 1, 2, 3]


def test_facts_have_no_field_for_an_outcome() -> None:
    known_before = set(PostFacts._fields) | {f.name for f in dataclasses.fields(Trailing)}
    assert known_before == {
        *("publish_time", "time_zone", "complexity", "state", "confidence", "validation", "agent_assigned"),
        *("platform", "media_type", "prompt_length", "caption_length", "hashtag_count", "call_to_action"),
        *("content_category", "followers", "trailing", "engagement_rate_pct", "genuine_users", "bot_share"),
    }
    assert {field.name for field in dataclasses.fields(Example)} - {"facts"} == {
        *("outcome", "known_time", "persona_id", "post_id"),
    }


@given(st.floats(0, 1e6), st.integers(0, 400))
@settings(max_examples=30, deadline=None)
def test_no_feature_moves_when_every_outcome_changes(outcome: float, days: int) -> None:
    examples = simulate(60, seed=1).examples
    changed = [
        dataclasses.replace(example, outcome=outcome + row, known_time=example.known_time + timedelta(days=days))
        for row, example in enumerate(examples)
    ]
    before, after = PostRows.of(examples).features, PostRows.of(changed).features
    np.testing.assert_array_equal(before.values, after.values)
    assert list(before.categories) == list(after.categories)
    assert Encoder.fit(before).to_json() == Encoder.fit(after).to_json()


@given(st.lists(any_post, min_size=1, max_size=20), st.lists(any_post, min_size=1, max_size=20))
@settings(max_examples=60, deadline=None)
def test_a_post_is_encoded_alike_alone_and_among_others(trained_on: list[PostFacts], posts: list[PostFacts]) -> None:
    encoder = Encoder.fit(extract(trained_on * 5))
    together = encoder.encode(extract(posts))
    alone = [encoder.encode_one(feature_values(facts), category(facts)) for facts in posts]
    assert np.isfinite(together).all()
    np.testing.assert_array_equal(together, np.array(alone).reshape(together.shape))


@given(st.lists(any_post, min_size=1, max_size=20))
@settings(max_examples=40, deadline=None)
def test_an_encoder_comes_back_from_json_the_same(posts: list[PostFacts]) -> None:
    rows = extract(posts * 5)
    encoder = Encoder.fit(rows)
    again = Encoder.from_json(encoder.to_json())
    np.testing.assert_array_equal(encoder.encode(rows), again.encode(rows))
    assert again.features == encoder.features


def test_what_is_missing_becomes_the_median_and_a_flag() -> None:
    rows = extract([PostFacts(hashtag_count=count) for count in (1, 2, 4, 100, None)])
    encoder = Encoder.fit(rows)
    np.testing.assert_array_equal(encoder.encode(rows), [[1, 0], [2, 0], [4, 0], [100, 0], [3, 1]])


def test_a_category_that_training_did_not_show_is_like_none_of_those_it_did() -> None:
    rows = extract([PostFacts(content_category=name) for name in ["Product"] * 6 + ["action"] * 5 + ["rare"]])
    encoder = Encoder.fit(rows)
    asked = extract([PostFacts(content_category=name) for name in ("product", " ACTION ", "new", "rare", None)])
    assert encoder.categories == ("product", "action")
    np.testing.assert_array_equal(encoder.encode(asked), [[1, 0], [0, 1], [0, 0], [0, 0], [0, 0]])


def test_a_feature_that_never_varied_is_not_read() -> None:
    rows = extract([PostFacts(hashtag_count=3, platform=1, caption_length=length) for length in range(20)])
    assert Encoder.fit(rows).features == {"caption_length"}
