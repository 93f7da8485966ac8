"""A training run stores one version, promotes a better one, and never replaces another that went live meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from groundswell_server.models import registry
from groundswell_server.models.artifacts.artifact_store import ArtifactStore
from groundswell_server.models.model_type import TrainingSpan
from groundswell_server.models.training.training_run import (
    PromotionDecision,
    RunOutcome,
    TrainingRun,
    decide_promotion,
    store_version,
)
from groundswell_storage.learning import model_versions
from groundswell_storage.scope import Scope
from tests.learning.model_rows import RESULT, a_version, artifact, live_ids

ARTIFACTS = [artifact(name, name.encode()) for name in ("onnx", "card", "estimator")]


def outcome(promote: bool, live_id: str = "") -> RunOutcome:
    return RunOutcome(RESULT, ARTIFACTS, PromotionDecision(promote, live_id, "As the test has it."))


def a_run(**changes: Any) -> TrainingRun:
    span = TrainingSpan(datetime(2026, 4, 1, tzinfo=UTC), timedelta(days=90), timedelta(days=7))
    given = {"model_type": "ENGAGEMENT_PREDICTOR", "span": span, "minimum_samples": 50, "test_share": 0.3}
    rest = {"success_threshold_pct": 5.0, "grid_search": False, "random_seed": 0, "promote_if_better": True}
    return replace(TrainingRun(**given, **rest), **changes)


def trained(**figures: Any) -> Any:
    """As much of a trained model as is looked at before it is compared."""
    report = SimpleNamespace(beats_baselines=figures.pop("beats_baselines", True))
    return SimpleNamespace(report=report, **{"export_deviation": 0.0, **figures})


@pytest.mark.parametrize(
    ("run", "model", "why"),
    [
        (a_run(promote_if_better=False), trained(), "asked for a candidate"),
        (a_run(span=replace(a_run().span, persona_id="luna")), trained(), "trained on one persona"),
        (a_run(), trained(beats_baselines=False), "does not beat all baselines"),
        (a_run(), trained(export_deviation=0.1), "deviates"),
    ],
)
def test_a_version_stays_a_candidate_and_the_note_says_why(
    scope: Scope, run: TrainingRun, model: Any, why: str
) -> None:
    decision = decide_promotion(scope, run, model, ArtifactStore())
    assert not decision.promote
    assert why in decision.note


def test_a_first_version_that_beats_the_baselines_is_to_go_live(scope: Scope) -> None:
    assert decide_promotion(scope, a_run(), trained(), ArtifactStore()).promote


def test_classifiers_of_two_thresholds_are_not_compared(scope: Scope) -> None:
    run = a_run(model_type="SUCCESS_CLASSIFIER", success_threshold_pct=3.0)
    live = a_version(scope, "run-1", model_type="SUCCESS_CLASSIFIER", parameters={"success_threshold_pct": 5.0})
    registry.promote(scope, live.id)
    decision = decide_promotion(scope, run, trained(parameters={}, tested=None), ArtifactStore())
    assert not decision.promote
    assert "has another success_threshold_pct" in decision.note


def test_a_run_that_is_repeated_after_a_crash_makes_one_version(scope: Scope) -> None:
    first, second = store_version(scope, outcome(True), "run-1"), store_version(scope, outcome(True), "run-1")
    assert first == second
    assert len(model_versions.list_versions(scope).items) == 1


@pytest.mark.parametrize(("promote", "stage"), [(True, "LIVE"), (False, "CANDIDATE")])
def test_the_version_goes_live_when_it_was_judged_better(scope: Scope, promote: bool, stage: str) -> None:
    version = store_version(scope, outcome(promote), "run-1")
    assert version.stage == stage
    assert version.result.notes[-1] == "As the test has it."


def test_it_takes_the_place_of_the_version_that_it_was_compared_with(scope: Scope) -> None:
    live = registry.promote(scope, a_version(scope, "run-1").id).live
    version = store_version(scope, outcome(True, live.id), "run-2")
    assert version.stage == "LIVE"
    assert model_versions.get_version(scope, live.id).stage == "RETIRED"


def test_it_does_not_go_past_another_version_that_went_live_meanwhile(scope: Scope) -> None:
    compared = registry.promote(scope, a_version(scope, "run-1").id).live
    faster = registry.promote(scope, a_version(scope, "run-2").id).live
    version = store_version(scope, outcome(True, compared.id), "run-3")
    assert version.stage == "CANDIDATE"
    assert "another version went live" in version.result.notes[-1]
    assert live_ids(scope) == [faster.id]
