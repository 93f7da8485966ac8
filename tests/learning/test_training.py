"""Training runs: reproducible, and without information from the future."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from groundswell_server.learning.features.post_rows import PostRows
from groundswell_server.models import model_types
from groundswell_server.models.example_arrays import newest
from groundswell_server.models.model_files import load_predictor
from groundswell_server.models.model_type import ModelType, TrainingSettings
from groundswell_server.models.training.trainer import TrainedModel, train
from groundswell_storage.errors import Cancelled, FailedPrecondition
from tests.learning.simulated_posts import Simulation, simulate

RATES = model_types.get("ENGAGEMENT_PREDICTOR")
SUCCESS = model_types.get("SUCCESS_CLASSIFIER")


def test_real_posts_are_predicted_better_than_by_both_baselines(trained_on_facebook: TrainedModel) -> None:
    report = trained_on_facebook.report
    assert report.test["sample_size"] == 150
    for rival in ("trailing_mean", "last_value"):
        assert report.test["mae"] < 0.95 * report.baselines[rival]["mae"]
    assert report.beats_baselines


def test_intervals_of_real_posts_cover_what_they_promise(trained_on_facebook: TrainedModel) -> None:
    test = trained_on_facebook.report.test
    assert 0.90 <= test["coverage"] <= 0.99
    assert math.isfinite(test["mean_interval_width"])


def test_the_category_is_what_tells_most_of_real_posts(trained_on_facebook: TrainedModel) -> None:
    first = trained_on_facebook.importance[0]
    assert first.feature == "content_category"
    assert first.permutation.lower > 0


def test_the_report_has_every_figure(trained_rates: TrainedModel, trained_success: TrainedModel) -> None:
    rates, success = trained_rates.report, trained_success.report
    assert set(rates.test) == {"r2", "mae", "mape", "coverage", "mean_interval_width", "sample_size"}
    assert set(success.test) == {"roc_auc", "brier", "calibration_error", "sample_size"}
    for report in (rates, success):
        assert set(report.train) == set(report.test)
        assert set(report.baselines) == {"trailing_mean", "last_value"}
        assert report.headline_metric in report.baselines["last_value"]
        assert report.notes[0].startswith(report.headline_metric)
    assert set(trained_rates.library_versions) >= {"python", "scikit-learn", "onnxruntime", "numpy"}
    assert len(trained_rates.features) == 18


def test_what_can_be_learnt_is_learnt(trained_rates: TrainedModel, trained_success: TrainedModel) -> None:
    assert trained_rates.report.beats_baselines
    assert trained_success.report.beats_baselines
    assert trained_success.report.test["roc_auc"] > 0.7


def test_noise_does_not_beat_the_baselines() -> None:
    random = np.random.default_rng(2)
    examples = [replace(example, outcome=float(random.exponential(3))) for example in simulate(400, seed=3).examples]
    report = train(RATES, examples, TrainingSettings()).report
    assert report.test["mae"] > 0.9 * report.baselines["trailing_mean"]["mae"]


def test_the_same_seed_makes_the_same_model(simulation: Simulation, trained_rates: TrainedModel) -> None:
    again = train(RATES, list(reversed(simulation.examples)), TrainingSettings())
    assert again.report == trained_rates.report
    assert again.files.card.digest == trained_rates.files.card.digest
    assert again.files.onnx.digest == trained_rates.files.onnx.digest
    other = train(RATES, simulation.examples, TrainingSettings(random_seed=1))
    assert other.files.onnx.digest != trained_rates.files.onnx.digest


@pytest.mark.parametrize("minimum", [None, 80])
def test_too_few_posts_are_refused_with_their_number(minimum: int | None) -> None:
    need = minimum or 50
    with pytest.raises(FailedPrecondition) as refused:
        train(RATES, simulate(need - 1, seed=1).examples, TrainingSettings(minimum_samples=minimum))
    assert refused.value.reason == "INSUFFICIENT_SAMPLES"
    assert refused.value.metadata == {"have": str(need - 1), "need": str(need)}


@pytest.mark.parametrize("examples", [[], simulate(3, seed=1).examples])
def test_a_handful_of_posts_is_refused_whatever_the_setting(examples: list[object]) -> None:
    with pytest.raises(FailedPrecondition, match="needs at least 20 posts"):
        train(RATES, examples, TrainingSettings(minimum_samples=0))  # type: ignore[arg-type]


def test_a_constant_outcome_is_refused() -> None:
    examples = [replace(example, outcome=2.5) for example in simulate(80, seed=1).examples]
    with pytest.raises(FailedPrecondition, match=r"all 80 posts have the same outcome \(2.5\)") as refused:
        train(RATES, examples, TrainingSettings())
    assert (refused.value.reason, refused.value.metadata) == ("TARGET_CONSTANT", {"value": "2.5"})


@pytest.mark.parametrize(("threshold", "value"), [(1e6, "0"), (0.0, "1")])
def test_a_single_class_is_refused(threshold: float, value: str) -> None:
    with pytest.raises(FailedPrecondition) as refused:
        train(SUCCESS, simulate(80, seed=1).examples, TrainingSettings(success_threshold_pct=threshold))
    assert (refused.value.reason, refused.value.metadata) == ("TARGET_CONSTANT", {"value": value})


def test_successes_among_the_newest_posts_alone_are_nothing_to_learn_from() -> None:
    examples = [replace(one, outcome=float(row >= 75)) for row, one in enumerate(simulate(80, seed=1).examples)]
    with pytest.raises(FailedPrecondition, match="older posts") as refused:
        train(SUCCESS, examples, TrainingSettings(success_threshold_pct=0.5))
    assert refused.value.reason == "TARGET_CONSTANT"


def test_one_success_is_enough_to_go_on_and_not_to_be_promoted() -> None:
    examples = [replace(one, outcome=float(row == 5)) for row, one in enumerate(simulate(80, seed=1).examples)]
    report = train(SUCCESS, examples, TrainingSettings(success_threshold_pct=0.5)).report
    assert not report.beats_baselines


def test_the_test_learns_only_from_what_was_known_when_it_began(simulation: Simulation) -> None:
    rows = PostRows.of(simulation.examples)
    fold = newest(rows, 0.3)
    begin = rows.publish_time[fold.future[0]]
    assert len(fold.future) == 120
    assert rows.known[fold.past].max() < begin
    left_out = np.setdiff1d(np.arange(fold.future[0]), fold.past)
    assert np.all(rows.known[left_out] >= begin)


def test_posts_recorded_long_afterwards_can_be_learnt_from_too(simulation: Simulation) -> None:
    today = simulation.examples[-1].known_time + timedelta(days=365)
    imported = [replace(example, known_time=today) for example in simulation.examples]
    report = train(RATES, imported, TrainingSettings()).report
    assert report.train["sample_size"] + report.test["sample_size"] == len(imported)


def test_small_sets_are_judged_by_cross_validation_in_time() -> None:
    report = train(RATES, simulate(100, seed=4).examples, TrainingSettings()).report
    assert len(report.folds) >= 2
    assert all(set(fold) == {"model", "trailing_mean", "last_value"} for fold in report.folds)
    assert "cross-validation" in report.notes[0]


def test_a_grid_is_searched_on_request_without_looking_at_the_test() -> None:
    examples = simulate(120, seed=5).examples
    grid = {"min_samples_leaf": (1, 30), "target_scale": ("sqrt",)}
    searched = train(replace(RATES, grid=grid), examples, TrainingSettings(grid_search=True))  # type: ignore[type-var]
    rows = PostRows.of(examples)
    first = rows.publish_time[newest(rows, 0.3).future[0]] / 1e6
    unseen = [
        replace(one, outcome=one.outcome * 3 + 7)
        if one.facts.publish_time is not None and one.facts.publish_time.timestamp() >= first
        else one
        for one in examples
    ]
    again = train(replace(RATES, grid=grid), unseen, TrainingSettings(grid_search=True))  # type: ignore[type-var]
    assert searched.parameters["min_samples_leaf"] in (1, 30)
    assert again.parameters == searched.parameters


def test_parameters_of_the_run_outrank_those_of_the_type(simulation: Simulation) -> None:
    run = train(RATES, simulation.examples[:80], TrainingSettings(parameters={"n_estimators": 40}))
    assert run.parameters == {**RATES.parameters, "n_estimators": 40}


@pytest.mark.parametrize("model_type", [RATES, SUCCESS])
def test_progress_grows_to_the_end(model_type: ModelType) -> None:
    told: list[float] = []
    settings = TrainingSettings(success_threshold_pct=3.0)
    train(model_type, simulate(80, seed=6).examples, settings, lambda share, message, /: told.append(share))
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)
    assert len(told) >= 8


def test_it_stops_where_progress_says_so() -> None:
    steps: list[str] = []

    def stop(share: float, message: str, /) -> None:
        steps.append(message)
        if share > 0.3:
            raise Cancelled("the operation was cancelled")

    with pytest.raises(Cancelled):
        train(RATES, simulate(80, seed=6).examples, TrainingSettings(), stop)
    assert "Trained" not in steps


def test_all_posts_are_learnt_from_for_service(simulation: Simulation, trained_rates: TrainedModel) -> None:
    served = load_predictor(trained_rates.files.onnx, trained_rates.files.card)
    times = [example.facts.publish_time for example in simulation.examples]
    assert served.sample_count == trained_rates.sample_count == len(simulation.examples)
    assert trained_rates.window == (times[0], times[-1])
