"""Recommended changes of content, tried on the models."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell_server.learning.enums import Priority
from groundswell_server.learning.features.post_facts import PostFacts
from groundswell_server.learning.predictors.probability_predictor import ProbabilityPredictor
from groundswell_server.learning.predictors.rate_predictor import RatePredictor
from groundswell_server.learning.scoring.changes import possible_changes
from groundswell_server.learning.scoring.optimizer import Aim, Optimizer
from groundswell_server.learning.scoring.scorer import Scorer
from groundswell_server.models.model_files import load_predictor
from groundswell_server.models.training.trainer import TrainedModel
from tests.learning.post_strategies import any_post
from tests.learning.simulated_posts import Simulation

MONDAY_NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
TEXT, IMAGE, VIDEO = 1, 2, 4
POOR_DRAFT = PostFacts(
    MONDAY_NOON + timedelta(hours=18),
    platform=1,
    media_type=VIDEO,
    hashtag_count=1,
    caption_length=120,
    call_to_action=False,
    content_category="action",
)


@pytest.fixture(scope="module")
def scorer(trained_rates: TrainedModel, trained_success: TrainedModel) -> Scorer:
    rates = load_predictor(trained_rates.files.onnx, trained_rates.files.card)
    success = load_predictor(trained_success.files.onnx, trained_success.files.card)
    assert isinstance(rates, RatePredictor)
    assert isinstance(success, ProbabilityPredictor)
    return Scorer(rates, success)


def test_what_the_simulation_rewards_is_recommended(scorer: Scorer) -> None:
    """Images do best there and videos worst, evenings better than mornings."""
    found = Optimizer(scorer, None, MONDAY_NOON).optimize(POOR_DRAFT)
    by_element = {one.element: one for one in found.recommendations}
    assert by_element["media_type"].suggested_value == "image"
    assert 13 <= int(by_element["publish_hour"].suggested_value[:2]) <= 23
    gain = by_element["media_type"].expected_gain
    assert gain is not None
    assert gain.lower < gain.value < gain.upper
    assert gain.value > 2


def test_an_expected_gain_is_the_predicted_effect_times_its_calibration(scorer: Scorer) -> None:
    found = Optimizer(scorer, None, MONDAY_NOON).optimize(POOR_DRAFT)
    one = next(one for one in found.recommendations if one.element == "media_type")
    (facts,) = (
        change.facts
        for change in possible_changes(POOR_DRAFT, MONDAY_NOON)
        if (change.element, change.suggested) == (one.element, one.suggested_value)
    )
    changed = scorer.score_one(facts, None)
    assert one.expected_gain is not None
    assert scorer.engagement is not None
    assert scorer.success is not None
    assert changed.percentile is not None
    assert found.current.percentile is not None
    by_rate = 60 * (changed.percentile - found.current.percentile)
    by_chance = 40 * (changed.success_probability or 0) - 40 * (found.current.success_probability or 0)
    expected = (
        scorer.engagement.effect_calibration["media_type"][0] * by_rate
        + scorer.success.effect_calibration["media_type"][0] * by_chance
    )
    assert one.expected_gain.value == pytest.approx(expected, abs=1e-3)


def test_the_path_is_scored_by_the_models_step_by_step(scorer: Scorer) -> None:
    found = Optimizer(scorer, None, MONDAY_NOON).optimize(POOR_DRAFT, Aim(target_score=100))
    assert len(found.path) >= 2
    elements = [step.change.element for step in found.path]
    assert len(set(elements)) == len(elements)
    scores = [found.current.score, *(step.score_after for step in found.path)]
    assert scores == sorted(scores)
    for step in found.path:
        assert scorer.score_one(step.change.facts, None).score == pytest.approx(step.score_after, abs=1e-3)
    assert found.optimized.score == scores[-1]
    assert not found.target_reached


def test_the_path_ends_where_the_target_is_reached(scorer: Scorer) -> None:
    optimizer = Optimizer(scorer, None, MONDAY_NOON)
    current = optimizer.optimize(POOR_DRAFT).current.score
    there = optimizer.optimize(POOR_DRAFT, Aim(target_score=current))
    near = optimizer.optimize(POOR_DRAFT, Aim(target_score=current + 1))
    assert (there.path, there.target_reached, there.optimized) == ((), True, there.current)
    assert (len(near.path), near.target_reached) == (1, True)


def test_recommendations_are_sorted_and_limited(scorer: Scorer) -> None:
    optimizer = Optimizer(scorer, None, MONDAY_NOON)
    found = optimizer.optimize(POOR_DRAFT).recommendations
    places = [-one.priority for one in found]
    assert places == sorted(places)
    assert optimizer.optimize(POOR_DRAFT, Aim(limit=2)).recommendations == found[:2]
    assert all(one.advice for one in found)


def test_elements_that_no_model_reads_get_heuristics(trained_on_facebook: TrainedModel) -> None:
    """The real posts come without captions: hashtags, length and calls to action never vary there."""
    rates = load_predictor(trained_on_facebook.files.onnx, trained_on_facebook.files.card)
    assert isinstance(rates, RatePredictor)
    found = Optimizer(Scorer(rates, None), None, MONDAY_NOON).optimize(POOR_DRAFT._replace(caption_length=20))
    heuristics = {one.element: one for one in found.recommendations if one.heuristic}
    assert set(heuristics) == {"hashtag_count", "caption_length", "call_to_action"}
    assert all(one.expected_gain is None and "heuristic" in one.advice for one in heuristics.values())
    assert heuristics["call_to_action"].customary_gain == "10-15%"
    assert heuristics["hashtag_count"].priority == Priority.HIGH  # under 3 custom warns
    assert not {step.change.element for step in found.path} & set(heuristics)


def test_only_values_seen_in_training_are_recommended(scorer: Scorer) -> None:
    """Text and audio never occur in the simulation, nor captions of 2000 characters."""
    found = Optimizer(scorer, None, MONDAY_NOON).optimize(POOR_DRAFT)
    suggested = {one.suggested_value for one in found.recommendations}
    assert suggested
    assert not suggested & {"text", "audio", "2000"}


def test_without_a_model_rules_lead_the_way() -> None:
    night = POOR_DRAFT._replace(publish_time=MONDAY_NOON + timedelta(hours=15), media_type=TEXT, caption_length=10)
    found = Optimizer(Scorer(None, None), None, MONDAY_NOON).optimize(night)
    assert found.current.rule_based
    assert found.optimized.score == 50 + 8 + 8 + 6 + 10 - 2  # the target, without a call to action
    assert found.target_reached
    assert {one.element for one in found.recommendations} == {
        *("publish_hour", "hashtag_count", "caption_length", "media_type", "call_to_action")
    }
    assert next(one for one in found.recommendations if one.element == "media_type").customary_gain == "30-40%"


def test_good_content_needs_no_advice_by_rules() -> None:
    good = PostFacts(MONDAY_NOON, media_type=IMAGE, hashtag_count=7, caption_length=200, call_to_action=True)
    found = Optimizer(Scorer(None, None), None, MONDAY_NOON).optimize(good)
    assert (found.recommendations, found.path, found.target_reached) == ((), (), True)


@given(any_post, st.sampled_from(["UTC", "America/New_York", "Pacific/Auckland"]))
@settings(max_examples=100, deadline=None)
def test_times_lie_in_the_week_to_come_and_keep_the_other_half(facts: PostFacts, zone: str) -> None:
    facts = facts._replace(time_zone=zone)
    start = max(facts.publish_time or MONDAY_NOON, MONDAY_NOON)
    for change in possible_changes(facts, MONDAY_NOON):
        if change.element in ("publish_hour", "publish_weekday"):
            time, before = change.facts.publish_time, start.astimezone(ZoneInfo(zone))
            assert time is not None
            assert MONDAY_NOON <= time <= start + timedelta(days=8)
            assert (time.hour if change.element == "publish_hour" else time.weekday()) == change.number
            kept = (time.weekday(), before.weekday()) if change.element == "publish_hour" else (time.hour, before.hour)
            assert kept[0] == kept[1]


@given(any_post)
@settings(max_examples=50, deadline=None)
def test_a_change_changes_its_element_alone(facts: PostFacts) -> None:
    fields = {"publish_hour": "publish_time", "publish_weekday": "publish_time"}
    for change in possible_changes(facts, MONDAY_NOON):
        field = fields.get(change.element, change.element)
        assert getattr(change.facts, field) != getattr(facts, field)
        assert change.facts._replace(**{field: getattr(facts, field)}) == facts


def test_it_takes_any_content(scorer: Scorer, simulation: Simulation) -> None:
    for facts in (PostFacts(), PostFacts(MONDAY_NOON - timedelta(days=400)), simulation.examples[3].facts):
        found = Optimizer(scorer, None, MONDAY_NOON, "persona-1").optimize(facts)
        assert found.optimized.score >= found.current.score
