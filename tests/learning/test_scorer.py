"""The score of content, its tier, its confidence and its history."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from groundswell_server.learning.predictors.probability_predictor import ProbabilityPredictor
from groundswell_server.learning.predictors.rate_predictor import RatePredictor
from groundswell_server.learning.scoring.scorer import RateHistory, Score, Scorer, confidence, tier
from groundswell_server.models.model_files import load_predictor
from groundswell_server.models.training.trainer import TrainedModel
from tests.learning.simulated_posts import Simulation


@pytest.fixture(scope="module")
def rates(trained_rates: TrainedModel) -> RatePredictor:
    found = load_predictor(trained_rates.files.onnx, trained_rates.files.card)
    assert isinstance(found, RatePredictor)
    return found


@pytest.fixture(scope="module")
def success(trained_success: TrainedModel) -> ProbabilityPredictor:
    found = load_predictor(trained_success.files.onnx, trained_success.files.card)
    assert isinstance(found, ProbabilityPredictor)
    return found


HISTORY = RateHistory(sorted(np.random.default_rng(1).lognormal(1.0, 0.5, 200).tolist()), "persona")


@pytest.mark.parametrize(
    ("score", "name"),
    [
        (0, "POOR"),
        (19.99, "POOR"),
        (20, "BELOW_AVERAGE"),
        (39.99, "BELOW_AVERAGE"),
        (40, "AVERAGE"),
        (60, "GOOD"),
        (79.99, "GOOD"),
        (80, "EXCELLENT"),
        (100, "EXCELLENT"),
    ],
)
def test_tiers(score: float, name: str) -> None:
    assert tier(score) == name


@pytest.mark.parametrize(
    ("width", "samples", "level"),
    [
        (19.9, 200, "HIGH"),
        (19.9, 199, "MEDIUM"),
        (20.0, 500, "MEDIUM"),
        (40.0, 50, "MEDIUM"),
        (40.1, 5000, "LOW"),
        (5.0, 49, "LOW"),
    ],
)
def test_confidence(width: float, samples: int, level: str) -> None:
    assert confidence(width, samples) == level


@given(st.lists(st.floats(0, 100), min_size=1, max_size=60), st.floats(0, 100))
@settings(max_examples=200, deadline=None)
def test_the_percentile_counts_equals_half(past: list[float], rate: float) -> None:
    history = RateHistory(sorted(past), "persona")
    expected = stats.percentileofscore(past, rate, kind="mean") / 100
    assert history.percentile(rate) == pytest.approx(expected)
    assert history.percentiles(np.array([rate]))[0] == pytest.approx(expected)


def test_a_persona_with_20_posts_is_compared_with_itself_else_with_the_platform() -> None:
    own, platform = [float(value) for value in range(20)], [5.0] * 30
    assert RateHistory.choose(own, platform) == RateHistory(own, "persona")
    assert RateHistory.choose(own[:19], platform) == RateHistory(platform, "platform")
    assert RateHistory.choose(own[:19], platform[:19]) is None


def test_the_score_is_60_for_engagement_and_40_for_success(
    rates: RatePredictor, success: ProbabilityPredictor, simulation: Simulation
) -> None:
    example = simulation.examples[7]
    score = Scorer(rates, success).score_one(example.facts, HISTORY, example.persona_id)
    rate = rates.predict_one(example.facts, persona_id=example.persona_id)
    chance = success.predict_one(example.facts).value
    assert score.engagement == rate
    assert score.score == pytest.approx(60 * HISTORY.percentile(rate.value) + 40 * chance)
    assert score.lower == pytest.approx(60 * HISTORY.percentile(rate.lower) + 40 * chance)
    assert score.upper == pytest.approx(60 * HISTORY.percentile(rate.upper) + 40 * chance)
    assert (score.tier, score.percentile) == (tier(score.score), HISTORY.percentile(rate.value))
    assert not score.rule_based


@pytest.mark.parametrize("with_classifier", [True, False])
def test_content_is_scored_alike_alone_and_among_others(
    rates: RatePredictor, success: ProbabilityPredictor, simulation: Simulation, with_classifier: bool
) -> None:
    scorer = Scorer(rates, success if with_classifier else None, 3.0)
    examples = simulation.examples[:40]
    histories = [HISTORY if row % 3 else None for row in range(40)]
    personas = [one.persona_id for one in examples]
    together = scorer.score([one.facts for one in examples], histories, personas)
    for example, history, found in zip(examples, histories, together, strict=True):
        alone = scorer.score_one(example.facts, history, example.persona_id)
        assert numbers(alone) == pytest.approx(numbers(found), abs=1e-4)
        assert (alone.tier, alone.confidence) == (found.tier, found.confidence)


def numbers(score: Score) -> list[float]:
    found = (
        score.score,
        score.lower,
        score.upper,
        *(score.engagement or ()),
        score.percentile,
        score.success_probability,
    )
    return [value for value in found if value is not None]


def test_without_a_classifier_the_chance_comes_from_past_errors(rates: RatePredictor, simulation: Simulation) -> None:
    posts = [example.facts for example in simulation.examples]
    outcomes = np.array([example.outcome for example in simulation.examples])
    for threshold in (2.0, 3.0, 5.0):
        _, chance = rates.predict_with_probability(posts, threshold)
        reached = outcomes >= threshold
        assert np.mean((chance - reached) ** 2) < 0.9 * reached.mean() * (1 - reached.mean())
        assert chance.mean() == pytest.approx(reached.mean(), abs=0.08)


def test_without_any_history_content_is_compared_with_what_was_learnt_from(
    rates: RatePredictor, success: ProbabilityPredictor, simulation: Simulation
) -> None:
    scorer = Scorer(rates, success)
    posts = [example.facts for example in simulation.examples]
    shares = [score.percentile for score in scorer.score(posts, [None] * len(posts))]
    assert np.mean([share for share in shares if share is not None]) == pytest.approx(0.5, abs=0.08)
    assert scorer.fallback is not None
    assert scorer.fallback.scope == "training"


def test_without_an_engagement_model_rules_give_the_score(
    success: ProbabilityPredictor, simulation: Simulation
) -> None:
    for scorer in (Scorer(None, None), Scorer(None, success)):
        score = scorer.score_one(simulation.examples[0].facts, HISTORY)
        assert score.rule_based
        assert score.points
        assert (score.confidence, score.lower, score.engagement, score.success_probability) == ("LOW", None, None, None)
        assert scorer.score([simulation.examples[0].facts], [HISTORY]) == [score]


def test_better_content_scores_higher(
    rates: RatePredictor, success: ProbabilityPredictor, simulation: Simulation
) -> None:
    """The simulation's best category against its worst, all else equal."""
    scorer = Scorer(rates, success)
    posts = [example.facts for example in simulation.examples[:100]]
    best = scorer.score([facts._replace(content_category="product") for facts in posts], [HISTORY] * 100)
    worst = scorer.score([facts._replace(content_category="action") for facts in posts], [HISTORY] * 100)
    assert np.mean([a.score - b.score for a, b in zip(best, worst, strict=True)]) > 10


def test_samples_are_those_of_the_model_that_knows_fewer(rates: RatePredictor, success: ProbabilityPredictor) -> None:
    assert Scorer(rates, success).sample_count == min(rates.sample_count, success.sample_count)
    assert Scorer(None, None).sample_count == 0
