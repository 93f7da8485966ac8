"""A training run from rows to a version: what a worker does for TrainModel, step by step.

Reading, training and judging take long and hold no transaction; keeping the version is one short one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import numpy as np

from groundswell_server.learning import model_types
from groundswell_server.learning.training.post_examples import Span
from groundswell_server.models import registry
from groundswell_server.models.artifacts.artifact_store import ArtifactStore
from groundswell_server.models.artifacts.model_files import ModelFile, load_stored
from groundswell_server.models.drift import baseline
from groundswell_server.models.model_type import Progress, TrainingSettings
from groundswell_server.models.training.trainer import TrainedModel, train
from groundswell_storage.errors import DataLoss
from groundswell_storage.learning import model_versions
from groundswell_storage.learning.model_versions import Artifact, ModelVersion, TrainingResult
from groundswell_storage.scope import Scope

FEWEST_NEWER = 20
"""Posts that the live version has not seen, from which on it can be compared with a new one."""


@dataclass(frozen=True, slots=True)
class Run:
    """What to train, on which posts, and what becomes of it."""

    model_type: str
    span: Span
    minimum_samples: int
    test_share: float
    success_threshold_pct: float
    grid_search: bool
    random_seed: int
    promote_if_better: bool


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether a new version shall go live, and why."""

    promote: bool
    live_id: str
    """The version that it was compared with; empty when none was live."""
    note: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run, before it is kept."""

    result: TrainingResult
    artifacts: Sequence[Artifact]
    judgement: Judgement


def carry_out(scope: Scope, run: Run, progress: Progress, store: ArtifactStore) -> Outcome:
    """Reads the posts, trains, and judges the result; `scope` needs no transaction. `store` has the live version.

    Raises FailedPrecondition (`INSUFFICIENT_SAMPLES`, `TARGET_CONSTANT`) and whatever `progress` raises to stop it.
    """
    model_type = model_types.get(run.model_type)
    progress(0.0, f"Reading the {model_type.noun}")
    examples = model_type.read_examples(scope, run.span)
    settings = TrainingSettings(
        minimum_samples=run.minimum_samples,
        test_share=run.test_share,
        success_threshold_pct=run.success_threshold_pct,
        grid_search=run.grid_search,
        random_seed=run.random_seed,
    )
    trained = train(
        model_type,
        examples,
        settings,
        lambda share, message, /: progress(0.05 + 0.9 * share, message),
    )
    progress(0.95, "Comparing with the live version")
    judgement = judge(scope, run, trained, store)
    return Outcome(_result(run, trained), store.placed(scope, _artifacts(trained)), judgement)


def keep(scope: Scope, outcome: Outcome, operation_id: str) -> ModelVersion:
    """Keeps what came of a run as a version, in one transaction with its promotion. No run makes two versions."""
    model_versions.hold_line(scope, outcome.result.model_type)
    known = model_versions.version_of_operation(scope, operation_id)
    if known is not None:
        return known
    judgement = outcome.judgement
    live = model_versions.live_version(scope, outcome.result.model_type)
    if judgement.promote and (live.id if live else "") != judgement.live_id:
        judgement = Judgement(False, judgement.live_id, "Not promoted: another version went live while it was trained.")
    result = replace(outcome.result, notes=(*outcome.result.notes, judgement.note))
    version = model_versions.add_version(scope, result, outcome.artifacts, operation_id=operation_id)
    if not judgement.promote:
        return version
    written = {artifact.name: artifact for artifact in outcome.artifacts}
    return registry.promote(scope, version.id, fetched={version.id: written}, reason=judgement.note).live


def judge(scope: Scope, run: Run, trained: TrainedModel, store: ArtifactStore) -> Judgement:
    """Whether a new version beats all baselines and, on examples that the live one has not seen, the live one."""
    live = model_versions.live_version(scope, run.model_type)
    live_id = live.id if live else ""
    if not run.promote_if_better:
        return Judgement(False, live_id, "Kept as a candidate, as asked for.")
    if run.span.persona_id:
        return Judgement(False, live_id, "Not promoted: it knows one persona alone, and would serve all.")
    if not trained.report.beats_baselines:
        return Judgement(False, live_id, "Not promoted: it does not beat all baselines.")
    if trained.export_deviation > registry.EXPORT_TOLERANCE:
        return Judgement(False, live_id, f"Not promoted: its exported form deviates by {trained.export_deviation:.2g}.")
    if live is None:
        return Judgement(True, "", "Promoted: it beats all baselines, and no version was live.")
    promote, note = _compare(scope, live, run, trained, store)
    return Judgement(promote, live_id, note)


def _compare(
    scope: Scope, live: ModelVersion, run: Run, trained: TrainedModel, store: ArtifactStore
) -> tuple[bool, str]:
    """On the newest posts, as far as the live version did not learn from them: it knows the others by heart."""
    name, tested = registry.label(live), trained.tested
    if live.result.parameters.get(registry.THRESHOLD) != _parameters(run, trained).get(registry.THRESHOLD):
        return False, f"Not promoted: {name} predicts another threshold, so that they can't be compared."
    model_type = model_types.get(run.model_type)
    newer = model_type.unseen(tested.future, live.result.data_end)
    if len(newer) < FEWEST_NEWER:
        return False, (
            f"Not promoted: {len(newer)} of the {model_type.noun} it was tested on are newer than those {name} learnt "
            f"from, and a comparison takes {FEWEST_NEWER}."
        )
    try:
        artifacts = store.read(scope, live.id)
        registry.check_whole(live, artifacts)
    except DataLoss:
        return True, f"Promoted: it beats all baselines, and {name} is damaged."
    rows, targets = tested.future.take(newer), tested.targets[newer]
    ours, theirs = (
        float(np.mean(model_type.errors(targets, model_type.predict(predictor, rows).value)))
        for predictor in (tested.learned.predictor, load_stored(artifacts))
    )
    # As good is good enough, to the precision of the export: it has learnt from more since it was tested.
    metric, better = trained.report.headline_metric, ours <= theirs + registry.EXPORT_TOLERANCE
    figures = (
        f"{metric} {ours:.3g} on {len(newer)} {model_type.noun} that neither had seen, against {theirs:.3g} of {name}"
    )
    return better, f"{'Promoted' if better else 'Not promoted'}: {figures}."


def _result(run: Run, trained: TrainedModel) -> TrainingResult:
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


def _parameters(run: Run, trained: TrainedModel) -> dict[str, Any]:
    """Of the algorithm and of the run, so that the version can be made again."""
    threshold = {registry.THRESHOLD: run.success_threshold_pct} if run.model_type == registry.SUCCESS else {}
    return {
        **trained.parameters,
        **threshold,
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
