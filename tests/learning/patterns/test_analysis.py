"""Patterns are found if the posts have them, and only then."""

from __future__ import annotations

import pytest

from groundswell_server.learning.patterns.analysis import analyze
from groundswell_server.learning.patterns.sample import sample_of
from groundswell_storage.errors import FailedPrecondition
from tests.learning.patterns.simulated import post, two_kinds


@pytest.mark.parametrize("count", [100, 300])
def test_the_better_cluster_is_found_with_its_distinguishing_features(count: int) -> None:
    found = analyze(sample_of(two_kinds(count, seed=1, effect=0.7)))
    winning = found.winning_patterns[0]
    assert {"hour", "question", "format_video", "call_to_action"} <= {one.name for one in winning.features[:8]}
    assert winning.description.startswith("Posts do ")
    assert " better when they " in winning.description
    assert "(the rest" in winning.description
    assert winning.sample_size >= 30
    assert winning.lift_pct.lower < 100 * 1.01 < winning.lift_pct.upper + 60  # e^0.7 - 1 is 101%
    assert winning.applicable_tasks[:2] == ("SOCIAL_POST", "VIDEO_GENERATION")
    assert "Best pattern: " in found.insights[1]
    assert found.statistics.cross_fitted is (count < 120)
    assert any("cross-fitting" in note for note in found.notes) is (count < 120)


def test_the_worse_cluster_is_a_losing_pattern() -> None:
    losing = analyze(sample_of(two_kinds(300, seed=2, effect=0.7))).losing_patterns[0]
    assert losing.id.startswith("losing-")
    assert losing.effect_size <= -0.3
    assert " worse when they " in losing.description


def test_equal_clusters_are_patterns_only_by_chance() -> None:
    """20 rounds of about 5 clusters each, tested at 5% after the correction, with effect and confidence limits."""
    found = [analyze(sample_of(two_kinds(130, seed, effect=0.0))) for seed in range(20)]
    assert sum(bool(one.winning_patterns or one.losing_patterns) for one in found) <= 2
    assert any("does clearly better or worse" in one.insights[0] for one in found)


def test_the_favourite_content_of_a_popular_persona_is_no_winning_pattern() -> None:
    found = [analyze(sample_of(two_kinds(200, seed, effect=0.0, personas=4, favourites=True))) for seed in range(8)]
    assert sum(bool(one.winning_patterns or one.losing_patterns) for one in found) <= 1


def test_the_same_pattern_found_again_has_the_same_id_and_no_two_are_alike() -> None:
    posts = two_kinds(300, seed=1, effect=0.7)
    first, again = analyze(sample_of(posts)), analyze(sample_of(posts))
    ids = [one.id for one in (*first.winning_patterns, *first.losing_patterns)]
    assert ids == [one.id for one in (*again.winning_patterns, *again.losing_patterns)]
    assert len(set(ids)) == len(ids)


def test_posts_that_do_not_differ_have_no_clusters() -> None:
    found = analyze(sample_of([post(number, aged_rate_pct=1.0 + number % 5) for number in range(60)]))
    assert (found.winning_patterns, found.losing_patterns, found.statistics.cluster_count) == ((), (), 0)
    assert found.insights == ("The posts do not differ in their content features.",)


def test_under_50_posts_with_a_known_outcome_are_refused_with_their_number() -> None:
    posts = [post(number, aged_rate_pct=None if number < 11 else 2.0) for number in range(60)]
    with pytest.raises(FailedPrecondition) as refused:
        analyze(sample_of(posts))
    assert refused.value.reason == "INSUFFICIENT_SAMPLES"
    assert refused.value.metadata == {"have": "49", "need": "50"}
