"""Suggestions that the data support, each with its evidence."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from groundswell_server.learning.enums import Priority
from groundswell_server.learning.patterns.suggestions import suggest
from tests.learning.patterns.simulated import START, context, post, two_kinds

TIMEOUT = [{"type": "TimeoutError", "message": "took 60 s", "location": "render.py:88"}]


def test_the_better_cluster_is_suggested_with_its_evidence() -> None:
    found = suggest(two_kinds(300, seed=1, effect=0.7), [], 10)
    areas = {one.area for one in found.suggestions}
    assert "content" in areas
    assert any(one.advice.startswith("Make more posts like these: posts do ") for one in found.suggestions)
    assert any(one.advice.startswith("Make more posts with ") for one in found.suggestions)
    for one in found.suggestions:
        assert one.evidence, one.advice
        assert any(character.isdigit() for character in one.advice)
    order = [-one.priority for one in found.suggestions]
    assert order == sorted(order)


def test_a_good_hour_that_is_seldom_used_is_suggested() -> None:
    random = np.random.default_rng(3)
    posts = []
    for at in range(200):
        hour = 20 if at % 10 == 0 else int(random.integers(7, 12))
        rate = float(np.exp(1.0 + 0.8 * (hour == 20) + random.normal(0.0, 0.3)))
        posts.append(post(at, aged_rate_pct=rate, publish_time=START + timedelta(days=at % 80, hours=hour)))
    (timing,) = [one for one in suggest(posts, [], 50).suggestions if one.area == "timing"]
    assert "around 20:00 on instagram" in timing.advice
    assert {evidence.name for evidence in timing.evidence} == {"rate at 20:00", "mean rate"}


def test_a_hashtag_with_more_engagement_is_suggested_with_its_interval() -> None:
    random = np.random.default_rng(4)
    posts = [
        post(
            at,
            hashtags=["sea"] * (at % 3 == 0),
            aged_rate_pct=float(np.exp(0.7 * (at % 3 == 0) + random.normal(1, 0.3))),
        )
        for at in range(120)
    ]
    (hashtags,) = [one for one in suggest(posts, [], 50).suggestions if one.area == "hashtags"]
    assert hashtags.advice.startswith("Use #sea (")
    (evidence,) = hashtags.evidence
    assert evidence.estimate.lower is not None
    assert 50 < evidence.estimate.value < 150
    assert (evidence.unit, evidence.estimate.sample_size) == ("%", 40)


def test_frequent_failures_and_many_bots_are_suggestions() -> None:
    contexts = [context(at, state=4 if at < 3 else 3, trace_artifacts=TIMEOUT if at < 3 else []) for at in range(10)]
    posts = [post(at, filtered_total=20) for at in range(4)]
    by_area = {one.area: one for one in suggest(posts, contexts, 10).suggestions}
    assert by_area.keys() == {"failures", "bots"}
    assert "3 of 10 contexts (30%) ended in TimeoutError" in by_area["failures"].advice
    assert by_area["failures"].priority == Priority.HIGH
    assert by_area["bots"].evidence[0].estimate.value == 0.4


def test_noise_gives_few_suggestions_and_no_data_give_none() -> None:
    noise = [len(suggest(two_kinds(150, seed, effect=0.0), [], 50).suggestions) for seed in range(6)]
    assert np.mean(noise) < 1.0
    found = suggest([], [], 10)
    assert found.suggestions == ()
    assert any(note.startswith("There are no suggestions about hashtags: ") for note in found.notes)
    assert "The data support no suggestion." in found.notes


def test_the_limit_holds() -> None:
    assert len(suggest(two_kinds(300, seed=1, effect=0.7), [], 2).suggestions) == 2
