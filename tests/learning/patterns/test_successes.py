"""Successful posts and their common traits."""

from __future__ import annotations

from datetime import timedelta

from groundswell_server.learning.patterns.successes import find_successes
from groundswell_storage.engagement.pattern_rows import Making
from tests.learning.patterns.simulated import START, post


def test_the_best_come_first_and_those_without_a_rate_do_not_count() -> None:
    posts = [post(at, aged_rate_pct=rate) for at, rate in enumerate((4.9, 5.0, 9.0, None, 7.0))]
    found = find_successes(posts, 5.0, 2)
    assert [one.engagement_rate_pct for one in found.patterns] == [9.0, 7.0]
    assert (found.successful_count, found.post_count) == (3, 4)


def test_posts_younger_than_the_target_age_are_pending() -> None:
    posts = [post(at, aged_rate_pct=None, rate_pct=rate) for at, rate in enumerate((9.0, 0.1, None))]
    found = find_successes([*posts, post(3, aged_rate_pct=6.0, rate_pct=1.0)], 5.0, 9)
    assert [one.post_id for one in found.patterns] == ["post-00003"]
    assert (found.successful_count, found.post_count, found.pending_count) == (1, 1, 2)


def test_traits_are_counted_against_the_other_posts() -> None:
    evening = START + timedelta(hours=18)
    good = [post(at, aged_rate_pct=8.0, media_type=4, hashtags=["sea"], publish_time=evening) for at in range(4)]
    others = [post(10 + at, aged_rate_pct=1.0, hashtags=["sea"] if at < 2 else []) for at in range(8)]
    traits = {one.trait: one for one in find_successes([*good, *others], 5.0, 10).traits}
    assert (traits["#sea"].successful_count, traits["#sea"].other_count) == (4, 2)
    assert (traits["#sea"].successful_share, traits["#sea"].other_share) == (1.0, 0.25)
    assert {"format video", "early evening publication"} <= traits.keys()
    assert "format image" not in traits


def test_without_other_posts_their_counts_are_zero() -> None:
    found = find_successes([post(at, aged_rate_pct=8.0) for at in range(3)], 5.0, 10)
    assert found.successful_count == 3
    assert all(one.other_count == 0 for one in found.traits)
    assert find_successes([], 5.0, 10).patterns == ()


def test_a_pattern_has_the_strategy_and_parameters_of_its_post() -> None:
    making = Making({"style": "warm"}, {"steps": 30})
    found = find_successes([post(0, aged_rate_pct=8.0), post(1, aged_rate_pct=7.0)], 5.0, 10)
    made = [(one.strategy, one.generation_parameters) for one in found.with_makings({"post-00000": making}).patterns]
    assert made == [({"style": "warm"}, {"steps": 30}), (None, None)]
