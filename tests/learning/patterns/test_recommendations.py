"""Recommendations for a task: approaches and winning clusters, the highest confidence first."""

from __future__ import annotations

import numpy as np
import pytest

from groundswell_server.learning.enums import PatternSource
from groundswell_server.learning.patterns.approaches import find_approaches, probability_better
from groundswell_server.learning.patterns.recommendations import recommend
from groundswell_server.learning.patterns.sample import sample_of
from groundswell_storage.engagement.pattern_rows import ContextRecord
from groundswell_storage.engagement.patterns import KeptPattern
from tests.learning.patterns.simulated import context, two_kinds

WARM, COLD = {"style": "warm"}, {"style": "cold"}
FEATURES = {"hashtags": ["sea", "sun"], "hour": 18, "format": "VIDEO", "length": 80}
NO_POSTS = sample_of([])


def made(first: int, count: int, worked: int, **fields: object) -> tuple[list[ContextRecord], list[KeptPattern]]:
    """Returns validated contexts, of which the first `worked` confirmed a pattern."""
    contexts = [context(first + at, validation=2 if at < worked else 4, **fields) for at in range(count)]
    kept = [KeptPattern("instagram_high_engagement", one.context_id, FEATURES) for one in contexts[:worked]]
    return contexts, kept


def test_the_approach_that_works_more_often_comes_first_with_its_reason() -> None:
    (warm, kept_warm), (cold, kept_cold) = made(0, 20, 15, strategy=WARM), made(30, 20, 5, strategy=COLD)
    found = recommend("text_generation", NO_POSTS, [*warm, *cold], [*kept_warm, *kept_cold], 3)
    best, other = found.patterns
    assert (best.source, best.name, best.strategy) == (PatternSource.APPROACH, "instagram_high_engagement", WARM)
    assert best.confidence > 0.99 > 0.01 > other.confidence
    assert "15 of 20 TEXT_GENERATION contexts" in best.reason
    assert "Of the other 20 contexts 5 did" in best.reason
    assert best.description == "strategy style: warm; as video; posted at 18:00; with #sea #sun"
    assert best.example_context_ids == ("context-00000", "context-00001", "context-00002")


def test_approaches_differ_by_strategy_and_parameters() -> None:
    contexts, kept = [], []
    for at, parameters in enumerate(({"steps": 30}, {"steps": 50})):
        more, confirmed = made(
            20 * at, 10, 8 - 5 * at, strategy=WARM, input={"parameters": parameters, "prompt": str(at)}
        )
        contexts += more
        kept += confirmed
    found = find_approaches(contexts, kept)
    assert [(one.generation_parameters, one.confirmed, one.tried) for one in found] == [
        ({"steps": 30}, 8, 10),
        ({"steps": 50}, 3, 10),
    ]


def test_an_approach_needs_a_confirmation_in_its_own_task() -> None:
    (failed, _), (other, kept) = made(0, 9, 0, strategy=COLD), made(20, 9, 9, phase="IMAGE_GENERATION")
    found = recommend("TEXT_GENERATION", NO_POSTS, [*failed, *other], kept, 3)
    assert found.patterns == ()
    assert "Nothing is known yet" in found.notes[-1]


def test_a_pattern_without_a_recorded_approach_is_recommended_too() -> None:
    contexts, kept = made(0, 4, 2)
    (only,) = recommend("TEXT_GENERATION", NO_POSTS, contexts, kept, 3).patterns
    assert only.strategy is None
    assert "No other approach was tried" in only.reason


def test_winning_clusters_are_recommended_for_the_tasks_of_their_posts() -> None:
    sample = sample_of(two_kinds(300, seed=1, effect=0.7))
    found = recommend("video_generation", sample, [], [], 3).patterns
    assert found
    assert all(one.source == PatternSource.CLUSTER for one in found)
    assert "many of them from VIDEO_GENERATION" in found[0].reason
    assert [one.confidence for one in found] == sorted((one.confidence for one in found), reverse=True)
    assert recommend("BLOG", sample, [], [], 3).patterns == ()


def test_the_limit_holds_and_a_note_mentions_too_few_posts() -> None:
    contexts, kept = [], []
    for at in range(5):
        more, confirmed = made(20 * at, 6, at + 1, strategy={"style": str(at)})
        contexts += more
        kept += confirmed
    found = recommend("TEXT_GENERATION", NO_POSTS, contexts, kept, 2)
    assert [one.strategy for one in found.patterns] == [{"style": "4"}, {"style": "3"}]
    assert "there are 0." in found.notes[0]


@pytest.mark.parametrize("counts", [(8, 10, 3, 10), (0, 3, 5, 9), (1, 1, 0, 0), (40, 200, 60, 200)])
def test_the_probability_of_being_better_by_drawing_from_both(counts: tuple[int, int, int, int]) -> None:
    successes, tries, rest, rest_tries = counts
    random = np.random.default_rng(6)
    own = random.beta(successes + 0.5, tries - successes + 0.5, 400_000)
    other = random.beta(rest + 0.5, rest_tries - rest + 0.5, 400_000)
    assert probability_better(*counts) == pytest.approx(np.mean(own > other), abs=0.003)
    assert probability_better(5, 9, 5, 9) == pytest.approx(0.5)
