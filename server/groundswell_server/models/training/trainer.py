"""Trains a model: tests it on unseen examples, compares it with baselines, and then fits it to all examples."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from groundswell_server.models.drift.baseline import Baseline
from groundswell_server.models.evaluation.importance import FeatureImportance
from groundswell_server.models.model_files import ModelFiles, export_deviation, pack
from groundswell_server.models.model_type import (
    Array,
    ModelType,
    Parameters,
    Progress,
    R,
    TrainingSettings,
    no_progress,
)
from groundswell_server.models.training.evaluation import Evaluation, Report, evaluate
from groundswell_server.models.training.grid_search import search
from groundswell_storage.errors import FailedPrecondition

_MIN_SAMPLES = 20
"""The minimum number of examples that can be split, whatever the settings are: a 95% interval needs 19 errors."""


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """The results of a training run."""

    model_type: str
    files: ModelFiles
    report: Report
    importance: tuple[FeatureImportance, ...]
    """The most important feature first."""
    features: tuple[str, ...]
    parameters: Parameters
    library_versions: Mapping[str, str]
    window: tuple[datetime, datetime]
    """Times of the first and the last example."""
    sample_count: int
    tested: Evaluation[Any]
    """The tested model with its test examples. Not stored."""
    baseline: Baseline
    """The values that the version in service will be compared with."""
    export_deviation: float
    """Largest difference between the exported and the trained model on the training data, in the unit of
    predictions."""


def train(
    model_type: ModelType[Any],
    examples: Sequence[Any],
    settings: TrainingSettings,
    progress: Progress = no_progress,
) -> TrainedModel:
    """Trains a model. The same examples, settings and seed give the same model.

    Raises FailedPrecondition (`INSUFFICIENT_SAMPLES`, `TARGET_CONSTANT`), and whatever `progress` raises to stop it.
    """
    progress(0.0, f"Reading the {model_type.noun}")
    rows = model_type.collect(examples)
    _require_samples(model_type, len(rows), settings)
    targets = model_type.targets(rows, settings)
    _require_variation(model_type, rows, targets, settings)
    parameters = _parameters(model_type, rows, targets, settings, _part(progress, 0.0, 0.3))
    start = 0.3 if settings.grid_search else 0.0
    tested = evaluate(model_type, rows, targets, parameters, settings, _part(progress, start, 0.55))
    learned = model_type.learn(rows, targets, parameters, settings, _part(progress, 0.55, 0.85))
    progress(0.85, "Measuring the importance of features")
    insight = model_type.explain(tested.learned, tested.future, tested.targets, learned, settings.random_seed)
    progress(0.92, "Exporting the model and comparing it with the trained one")
    files = pack(model_type, replace(learned, card={**learned.card, **insight.card}))
    deviation = export_deviation(model_type, files, learned, rows)
    progress(1.0, "Trained")
    return TrainedModel(
        model_type=model_type.name,
        files=files,
        report=replace(tested.report, notes=(*tested.report.notes, *model_type.notes(rows), *insight.notes)),
        importance=insight.importance,
        features=model_type.features,
        parameters=parameters,
        library_versions=_library_versions(),
        window=rows.span,
        sample_count=len(rows),
        tested=tested,
        baseline=_baseline(model_type, rows, tested),
        export_deviation=deviation,
    )


def _baseline(model_type: ModelType[R], rows: R, tested: Evaluation[R]) -> Baseline:
    points = model_type.predict(tested.learned.predictor, tested.future).value
    return Baseline.of(
        model_type.errors(tested.targets, points),
        model_type.residuals(tested.targets, points),
        model_type.monitored_features(rows.features),
    )


def _require_samples(model_type: ModelType[Any], have: int, settings: TrainingSettings) -> None:
    need = model_type.minimum_samples if settings.minimum_samples is None else settings.minimum_samples
    need = max(need, _MIN_SAMPLES)
    if have < need:
        which = "with a known outcome" if model_type.subject == "post" else "with a label that is not rare"
        raise FailedPrecondition(
            f"{model_type.name} needs at least {need} {model_type.noun} {which}, got {have}",
            reason="INSUFFICIENT_SAMPLES",
            metadata={"have": str(have), "need": str(need)},
        )


def _require_variation(model_type: ModelType[R], rows: R, targets: Array, settings: TrainingSettings) -> None:
    """Requires that the targets vary, also within the part that the tested model learns from."""
    older = targets[model_type.newest(rows, settings.test_share).past]
    for which, values in (("", targets), ("older ", older)):
        if len(values) == 0:
            raise FailedPrecondition(
                f"all {len(targets)} {model_type.noun} are near copies of each other, which stay on one side of "
                "the split and leave none to learn from: add others",
                reason="INSUFFICIENT_SAMPLES",
                metadata={"have": "0", "need": str(_MIN_SAMPLES)},
            )
        if values.min() == values.max():
            value = model_type.describe_target(rows, values[0])
            raise FailedPrecondition(
                f"all {len(values)} {which}{model_type.noun} have the same outcome ({value}): add different ones",
                reason="TARGET_CONSTANT",
                metadata={"value": value},
            )


def _parameters(
    model_type: ModelType[R], rows: R, targets: Array, settings: TrainingSettings, progress: Progress
) -> Parameters:
    """Returns the parameters of the type and the run, and after a grid search the best on examples outside the test."""
    parameters = {**model_type.parameters, **settings.parameters}
    if not settings.grid_search:
        return parameters
    past = model_type.newest(rows, settings.test_share).past
    return search(model_type, rows.take(past), targets[past], parameters, settings, progress)[0].parameters


def _part(progress: Progress, start: float, end: float) -> Progress:
    """Returns a callback for a part of the work."""
    return lambda share, message, /: progress(start + (end - start) * share, message)


def _library_versions() -> dict[str, str]:
    from importlib.metadata import version

    names = "numpy", "scipy", "scikit-learn", "skl2onnx", "onnx", "onnxruntime", "joblib"
    return {"python": platform.python_version(), **{name: version(name) for name in names}}
