"""Effective hashtags: the false discovery rate under confounding, and the coverage of intervals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from groundswell_server.learning.enums import Association
from groundswell_server.learning.patterns.hashtags import HashtagEffect, co_occurring, effective_hashtags
from groundswell_server.learning.patterns.sample import sample_of
from groundswell_storage.errors import FailedPrecondition
from tests.learning.patterns.simulated import TaggedPosts, post, tagged

ROUNDS = 12


@pytest.fixture(scope="module")
def simulations() -> list[TaggedPosts]:
    return [tagged(800, seed) for seed in range(ROUNDS)]


@pytest.fixture(scope="module")
def answers(simulations: list[TaggedPosts]) -> list[tuple[HashtagEffect, ...]]:
    """The effects found in each simulation."""
    return [effective_hashtags(sample_of(simulation.posts)).hashtags for simulation in simulations]


def test_the_false_discovery_rate_holds_under_confounding(
    simulations: list[TaggedPosts], answers: list[tuple[HashtagEffect, ...]]
) -> None:
    false_shares, found_shares = [], []
    for simulation, answer in zip(simulations, answers, strict=True):
        effects = simulation.effects
        conclusive = [one for one in answer if one.association != Association.INCONCLUSIVE]
        wrong = [one for one in conclusive if effects[one.hashtags[0]] * one.effect_pct.value <= 0]
        false_shares.append(len(wrong) / max(len(conclusive), 1))
        found_shares.append((len(conclusive) - len(wrong)) / sum(effect != 0.0 for effect in effects.values()))
    assert np.mean(false_shares) <= 0.15
    assert np.mean(found_shares) >= 0.5, "it must not be by finding nothing"


def test_a_naive_comparison_of_the_same_posts_is_wrong_most_of_the_time(simulations: list[TaggedPosts]) -> None:
    """Shows that the posts of the test above are confounded."""
    false_shares = []
    for simulation in simulations[:4]:
        sample = sample_of(simulation.posts)
        logs = np.log(sample.rates)
        groups = [(names[0], rows) for names, rows in co_occurring(sample) if 5 <= len(rows) <= len(sample) - 5]
        p_values = [stats.ttest_ind(logs[rows], np.delete(logs, rows), equal_var=False).pvalue for _, rows in groups]
        conclusive = [groups[at][0] for at in np.flatnonzero(stats.false_discovery_control(p_values) <= 0.10)]
        false_shares.append(sum(simulation.effects[name] == 0.0 for name in conclusive) / max(len(conclusive), 1))
    assert np.mean(false_shares) > 0.4


def test_intervals_hold_the_truth(simulations: list[TaggedPosts], answers: list[tuple[HashtagEffect, ...]]) -> None:
    inside = [
        one.effect_pct.lower <= 100 * np.expm1(simulation.effects[one.hashtags[0]]) <= one.effect_pct.upper
        for simulation, answer in zip(simulations, answers, strict=True)
        for one in answer
    ]
    assert len(inside) > 300
    assert 0.90 <= np.mean(inside) <= 0.99


def test_effects_are_conclusive_up_to_a_false_discovery_rate_of_a_tenth(
    answers: list[tuple[HashtagEffect, ...]],
) -> None:
    found = [one for answer in answers for one in answer]
    nearly = [one.association != Association.INCONCLUSIVE for one in found if 0.10 < one.adjusted_p_value < 0.13]
    just = [one.association != Association.INCONCLUSIVE for one in found if 0.07 < one.adjusted_p_value < 0.10]
    assert (set(nearly), set(just)) == ({False}, {True})
    assert all(
        (one.association == Association.HIGHER) == (one.raw_effect_pct > 0)
        for one in found
        if one.adjusted_p_value < 0.1
    )


def test_effects_are_drawn_towards_each_other(answers: list[tuple[HashtagEffect, ...]]) -> None:
    found = answers[0]
    assert np.std([one.effect_pct.value for one in found]) < np.std([one.raw_effect_pct for one in found])


def test_hashtags_that_always_come_together_are_one_group() -> None:
    posts = [post(at, hashtags=["sun", "sea", "sand"] if at % 2 else ["sun"]) for at in range(4)]
    groups = {names: rows.tolist() for names, rows in co_occurring(sample_of(posts))}
    assert groups == {("sand", "sea"): [1, 3], ("sun",): [0, 1, 2, 3]}


def test_five_posts_with_and_five_without_are_needed() -> None:
    random = np.random.default_rng(1)
    posts = [
        post(at, hashtags=["five"] * (at < 5) + ["four"] * (at < 4) + ["most"] * (at > 3), aged_rate_pct=rate)
        for at, rate in enumerate(random.gamma(3.0, 1.0, 40).tolist())
    ]
    assert [one.hashtags for one in effective_hashtags(sample_of(posts)).hashtags] == [("five",)]
    found = effective_hashtags(sample_of(posts), 6)
    assert not found.hashtags
    assert any("No hashtag is on at least 6 posts" in note for note in found.notes)


def test_notes_mention_association_and_indistinguishable_hashtags() -> None:
    random = np.random.default_rng(2)
    posts = [
        post(at, persona_id=f"persona-{at % 2}", hashtags=["hers"] * (at % 2), aged_rate_pct=rate)
        for at, rate in enumerate(random.gamma(3.0, 1.0, 60).tolist())
    ]
    found = effective_hashtags(sample_of(posts))
    assert not found.hashtags
    assert "association, not cause" in found.notes[0]
    assert "1 hashtags cannot be distinguished" in found.notes[-1]


def test_posts_without_a_known_rate_do_not_count() -> None:
    with pytest.raises(FailedPrecondition) as refused:
        effective_hashtags(sample_of([post(at, aged_rate_pct=None if at % 2 else 2.0) for at in range(18)]))
    assert refused.value.reason == "INSUFFICIENT_SAMPLES"
    assert refused.value.metadata == {"have": "9", "need": "10"}
