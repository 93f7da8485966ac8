"""One training run: test on unseen examples, compare with no model at all, then learn from everything for service."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from groundswell_server.learning.training.post_importance import FeatureImportance
from groundswell_server.models.artifacts.model_files import ModelFiles, export_deviation, pack
from groundswell_server.models.drift.baseline import Baseline, baseline_of
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


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """Everything that is kept of a training run."""

    model_type: str
    files: ModelFiles
    report: Report
    importance: tuple[FeatureImportance, ...]
    """Most important first."""
    features: tuple[str, ...]
    parameters: Parameters
    library_versions: Mapping[str, str]
    window: tuple[datetime, datetime]
    """When the first and the last post it learnt from were published, or example was added."""
    sample_count: int
    tested: Evaluation[Any]
    """The model that was tested, with the examples that it was tested on. Not kept."""
    baseline: Baseline
    """What the version in service will be compared with."""
    export_deviation: float
    """Largest difference between the exported and the trained model on the training data, in the unit of
    predictions."""


def train(
    model_type: ModelType[Any],
    examples: Sequence[Any],
    settings: TrainingSettings,
    progress: Progress = no_progress,
) -> TrainedModel:
    """Trains a model type. The same examples, settings and seed make the same model.

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
    progress(0.85, "Asking the model what it goes by")
    insight = model_type.explain(tested.learned, tested.future, tested.targets, learned, settings.random_seed)
    progress(0.92, "Exporting the model, and checking it against the trained one")
    files = pack(model_type, replace(learned, card={**learned.card, **insight.card}))
    deviation = export_deviation(model_type, files, learned, rows)
    progress(1.0, "Trained")
    return TrainedModel(
        model_type=model_type.name,
        files=files,
        report=replace(tested.report, notes=(*tested.report.notes, *model_type.remarks(rows), *insight.notes)),
        importance=insight.importance,
        features=model_type.features,
        parameters=parameters,
        library_versions=_library_versions(),
        window=rows.span,
        sample_count=len(rows),
        tested=tested,
        baseline=baseline_of(model_type, rows.features, tested),
        export_deviation=deviation,
    )


def _require_samples(model_type: ModelType[Any], have: int, settings: TrainingSettings) -> None:
    need = model_type.minimum_samples if settings.minimum_samples is None else settings.minimum_samples
    need = max(need, _FEWEST)
    if have < need:
        what = "whose outcome is known" if model_type.subject == "post" else "with a label that is not rare"
        raise FailedPrecondition(
            f"{model_type.name} needs {need} {model_type.noun} {what}, and there are {have}",
            reason="INSUFFICIENT_SAMPLES",
            metadata={"have": str(have), "need": str(need)},
        )


_FEWEST = 20
"""Below this there is nothing to split, whatever the settings say: a 95% interval alone needs 19 errors."""


def _require_variation(model_type: ModelType[R], rows: R, targets: Array, settings: TrainingSettings) -> None:
    """The part that the test is learnt from must vary too."""
    older = targets[model_type.newest(rows, settings.test_share).past]
    for which, values in (("", targets), ("older ", older)):
        if len(values) == 0:
            raise FailedPrecondition(
                f"{model_type.noun} that are alike are learnt from or tested on, all of them together, and these leave "
                "none to learn from",
                reason="INSUFFICIENT_SAMPLES",
                metadata={"have": "0", "need": str(_FEWEST)},
            )
        if values.min() == values.max():
            value = model_type.shown(rows, values[0])
            raise FailedPrecondition(
                f"there is nothing to learn: the outcome of all {len(values)} {which}{model_type.noun} is the same "
                f"({value})",
                reason="TARGET_CONSTANT",
                metadata={"value": value},
            )


def _parameters(
    model_type: ModelType[R], rows: R, targets: Array, settings: TrainingSettings, progress: Progress
) -> Parameters:
    """The type's own, those of the run, and with a grid the best among the examples that the test will not use."""
    parameters = {**model_type.parameters, **settings.parameters}
    if not settings.grid_search:
        return parameters
    past = model_type.newest(rows, settings.test_share).past
    return search(model_type, rows.take(past), targets[past], parameters, settings, progress)[0].parameters


def _part(progress: Progress, start: float, end: float) -> Progress:
    """Progress of a part of the work."""
    return lambda share, message, /: progress(start + (end - start) * share, message)


def _library_versions() -> dict[str, str]:
    from importlib.metadata import version

    names = "numpy", "scipy", "scikit-learn", "skl2onnx", "onnx", "onnxruntime", "joblib"
    return {"python": platform.python_version(), **{name: version(name) for name in names}}
