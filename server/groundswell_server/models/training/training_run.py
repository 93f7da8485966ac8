"""A training run, from reading the examples to a stored version: the work of TrainModel in a worker.

Reading, training and comparing take long and hold no transaction. Storing the version is one short transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import numpy as np

from groundswell_server.models import model_types, registry
from groundswell_server.models.artifacts.artifact_store import ArtifactStore
from groundswell_server.models.drift import baseline
from groundswell_server.models.model_files import ModelFile, load_stored
from groundswell_server.models.model_type import Progress, TrainingSettings, TrainingSpan
from groundswell_server.models.training.trainer import TrainedModel, train
from groundswell_storage.errors import DataLoss
from groundswell_storage.learning import model_versions
from groundswell_storage.learning.model_versions import Artifact, ModelVersion, TrainingResult
from groundswell_storage.scope import Scope

MIN_NEWER = 20
"""The minimum number of examples unseen by the live version on which it is compared with a new one."""
DEFAULT_TEST_SHARE = 0.3


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """The parameters of a training run."""

    model_type: str
    span: TrainingSpan
    minimum_samples: int
    success_threshold_pct: float
    test_share: float = DEFAULT_TEST_SHARE
    grid_search: bool = False
    random_seed: int = 0
    promote_if_better: bool = True

    @property
    def settings(self) -> TrainingSettings:
        """The options for the trainer."""
        return TrainingSettings(
            minimum_samples=self.minimum_samples,
            test_share=self.test_share,
            success_threshold_pct=self.success_threshold_pct,
            grid_search=self.grid_search,
            random_seed=self.random_seed,
        )


@dataclass(frozen=True, slots=True)
class PromotionDecision:
    """The decision whether a new version goes live, with its reason."""

    promote: bool
    live_id: str
    """The version that the new one was compared with; empty when none was live."""
    note: str


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """The results of a run, before they are stored."""

    result: TrainingResult
    artifacts: Sequence[Artifact]
    decision: PromotionDecision


def default_lookback(model_type: str, configured: timedelta) -> timedelta:
    """Returns the lookback of a run that names none: the configured one, or no limit for types that never forget."""
    return configured if model_types.get(model_type).forgets else timedelta.max


def execute(scope: Scope, run: TrainingRun, progress: Progress, store: ArtifactStore) -> RunOutcome:
    """Reads the examples, trains, and decides on promotion; `scope` needs no transaction.

    Raises FailedPrecondition (`INSUFFICIENT_SAMPLES`, `TARGET_CONSTANT`) and whatever `progress` raises to stop it.
    """
    model_type = model_types.get(run.model_type)
    progress(0.0, f"Reading the {model_type.noun}")
    examples = model_type.read_examples(scope, run.span)
    trained = train(
        model_type,
        examples,
        run.settings,
        lambda share, message, /: progress(0.05 + 0.9 * share, message),
    )
    progress(0.95, "Comparing with the live version")
    decision = decide_promotion(scope, run, trained, store)
    return RunOutcome(_result(run, trained), store.with_paths(scope, _artifacts(trained)), decision)


def store_version(scope: Scope, outcome: RunOutcome, operation_id: str) -> ModelVersion:
    """Stores the outcome as a version and promotes it if decided, in one transaction. Repeats return that version."""
    model_versions.hold_line(scope, outcome.result.model_type)
    known = model_versions.version_of_operation(scope, operation_id)
    if known is not None:
        return known
    decision = outcome.decision
    live = model_versions.live_version(scope, outcome.result.model_type)
    if decision.promote and (live.id if live else "") != decision.live_id:
        note = "Not promoted: another version went live during the training."
        decision = PromotionDecision(False, decision.live_id, note)
    result = replace(outcome.result, notes=(*outcome.result.notes, decision.note))
    version = model_versions.add_version(scope, result, outcome.artifacts, operation_id=operation_id)
    if not decision.promote:
        return version
    written = {artifact.name: artifact for artifact in outcome.artifacts}
    return registry.promote(scope, version.id, fetched={version.id: written}, reason=decision.note).live


def decide_promotion(scope: Scope, run: TrainingRun, trained: TrainedModel, store: ArtifactStore) -> PromotionDecision:
    """Decides to promote a version that beats all baselines and, on examples unseen by it, the live version."""
    live = model_versions.live_version(scope, run.model_type)
    live_id = live.id if live else ""
    if not run.promote_if_better:
        return PromotionDecision(False, live_id, "Not promoted: the request asked for a candidate.")
    if run.span.persona_id:
        note = "Not promoted: it was trained on one persona, and a live version serves all personas."
        return PromotionDecision(False, live_id, note)
    if not trained.report.beats_baselines:
        return PromotionDecision(False, live_id, "Not promoted: it does not beat all baselines.")
    if trained.export_deviation > registry.EXPORT_TOLERANCE:
        note = f"Not promoted: its exported form deviates by {trained.export_deviation:.2g}."
        return PromotionDecision(False, live_id, note)
    if live is None:
        return PromotionDecision(True, "", "Promoted: it beats all baselines, and no version was live.")
    promote, note = _compare(scope, live, run, trained, store)
    return PromotionDecision(promote, live_id, note)


def _compare(
    scope: Scope, live: ModelVersion, run: TrainingRun, trained: TrainedModel, store: ArtifactStore
) -> tuple[bool, str]:
    """Compares both versions on the newest examples, except those that the live version learnt from."""
    name, tested, model_type = registry.label(live), trained.tested, model_types.get(run.model_type)
    targets_of = model_type.target_parameters(run.settings)
    if any(live.result.parameters.get(parameter) != value for parameter, value in targets_of.items()):
        return False, f"Not promoted: {name} has another {' and '.join(targets_of)}, so the two can't be compared."
    newer = model_type.unseen(tested.future, live.result.data_end)
    if len(newer) < MIN_NEWER:
        return False, (
            f"Not promoted: a comparison with {name} needs {MIN_NEWER} tested {model_type.noun} that it has not "
            f"learnt from, got {len(newer)}."
        )
    try:
        artifacts = store.read(scope, live.id)
        registry.require_intact(live, artifacts)
    except DataLoss:
        return True, f"Promoted: it beats all baselines, and {name} is damaged."
    rows, targets = tested.future.take(newer), tested.targets[newer]
    ours, theirs = (
        float(np.mean(model_type.errors(targets, model_type.predict(predictor, rows).value)))
        for predictor in (tested.learned.predictor, load_stored(artifacts))
    )
    # An equal error is enough, to the precision of the export: the stored version learnt from more examples.
    metric, better = trained.report.headline_metric, ours <= theirs + registry.EXPORT_TOLERANCE
    compared = f"{metric} {ours:.3g} on {len(newer)} {model_type.noun} unseen by both, against {theirs:.3g} of {name}"
    return better, f"{'Promoted' if better else 'Not promoted'}: {compared}."


def _result(run: TrainingRun, trained: TrainedModel) -> TrainingResult:
    report = trained.report
    return TrainingResult(
        model_type=trained.model_type,
        data_start=trained.window[0],
        data_end=trained.window[1],
        sample_count=trained.sample_count,
        features=trained.features,
        parameters=_parameters(run, trained),
        train_metrics=report.train,
        test_metrics=report.test,
        baselines=report.baselines,
        headline_metric=report.headline_metric,
        beats_baselines=report.beats_baselines,
        export_deviation=trained.export_deviation,
        library_versions=trained.library_versions,
        importance=[one.to_dict() for one in trained.importance],
        notes=report.notes,
    )


def _parameters(run: TrainingRun, trained: TrainedModel) -> dict[str, Any]:
    """Returns the parameters of the algorithm and of the run, which suffice to repeat it."""
    return {
        **trained.parameters,
        **model_types.get(run.model_type).target_parameters(run.settings),
        "as_of_time": run.span.as_of.isoformat(),
        "lookback_days": run.span.lookback.days,
        "target_age_days": run.span.target_age / timedelta(days=1),
        "persona_id": run.span.persona_id,
        "test_share": run.test_share,
        "grid_search": run.grid_search,
        "random_seed": run.random_seed,
    }


def _artifacts(trained: TrainedModel) -> list[Artifact]:
    files = trained.files
    named = {"onnx": files.onnx, "card": files.card, "estimator": files.estimator}
    named[baseline.ARTIFACT] = ModelFile.of(trained.baseline.to_bytes())
    return [Artifact(name, file.digest, file.content) for name, file in named.items()]
