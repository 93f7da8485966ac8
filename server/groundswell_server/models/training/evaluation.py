"""Evaluates a model on examples newer than its training data, and compares it with baselines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Generic

import numpy as np

from groundswell_server.models.example_arrays import Fold, Rows
from groundswell_server.models.model_type import (
    Array,
    Learned,
    Metrics,
    ModelType,
    Parameters,
    Progress,
    R,
    TrainingSettings,
)

ENOUGH_TO_JUDGE = 50
"""The minimum number of test examples on which the test alone decides; with fewer, cross-validation does."""
_FOLDS = 4


@dataclass(frozen=True, slots=True)
class Report:
    """The results of an evaluation. Metrics are by name as in `metrics`, with the `sample_size` behind them."""

    train: Metrics
    """Metrics on the older examples, to which the tested model was fitted."""
    test: Metrics
    """Metrics on the newest examples, which it had not seen."""
    baselines: Mapping[str, Metrics]
    """Metrics of the baselines on the test examples, such as `trailing_mean` and `last_value` for posts."""
    folds: Sequence[Mapping[str, Metrics]]
    """Metrics of cross-validation where the test is small: of `model` and all baselines in each fold."""
    headline_metric: str
    """The error by which the model is compared with the baselines; less is better."""
    beats_baselines: bool
    notes: tuple[str, ...]
    """Notes on the evaluation, in words."""

    def to_dict(self) -> dict[str, Any]:
        """Returns the report as JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Evaluation(Generic[R]):
    """The tested model, its test examples, and the report."""

    learned: Learned
    future: R
    targets: Array
    """Targets of `future`."""
    report: Report


def evaluate(
    model_type: ModelType[R],
    rows: R,
    targets: Array,
    parameters: Parameters,
    settings: TrainingSettings,
    progress: Progress,
) -> Evaluation[R]:
    """Fits the model to the outcomes known when the newest `test_share` of examples began, and measures it on these."""
    fold = model_type.newest(rows, settings.test_share)
    past, future = rows.take(fold.past), rows.take(fold.future)
    learned = model_type.learn(past, targets[fold.past], parameters, settings, progress)
    seen = model_type.measure(targets[fold.past], model_type.predict(learned.predictor, past))
    test = model_type.measure(targets[fold.future], model_type.predict(learned.predictor, future))
    baselines = _baseline_metrics(model_type, rows, targets, fold)
    folds = _cross_validate(model_type, rows, targets, parameters, settings) if len(future) < ENOUGH_TO_JUDGE else ()
    judged = folds or ({"model": _sized(test, future), **baselines},)
    metric = model_type.headline_metric
    beats = all(_pooled(judged, "model", metric) < _pooled(judged, name, metric) for name in baselines)
    report = Report(
        train=_sized(seen, past),
        test=_sized(test, future),
        baselines=baselines,
        folds=folds,
        headline_metric=metric,
        beats_baselines=beats,
        notes=_notes(model_type.noun, len(rows) - len(past) - len(future), bool(folds), judged, metric, beats),
    )
    return Evaluation(learned, future, targets[fold.future], report)


def _baseline_metrics(model_type: ModelType[R], rows: R, targets: Array, fold: Fold) -> dict[str, Metrics]:
    size = float(len(fold.future))
    return {
        name: {**model_type.measure_points(targets[fold.future], points), "sample_size": size}
        for name, points in model_type.baselines(rows, targets, fold).items()
    }


def _cross_validate(
    model_type: ModelType[R], rows: R, targets: Array, parameters: Parameters, settings: TrainingSettings
) -> tuple[Mapping[str, Metrics], ...]:
    folds = []
    for fold in model_type.folds(rows, _FOLDS, 0.4):
        past, future = rows.take(fold.past), rows.take(fold.future)
        points = model_type.try_out(past, targets[fold.past], future, parameters, settings)
        measured = _sized(model_type.measure_points(targets[fold.future], points), future)
        folds.append({"model": measured, **_baseline_metrics(model_type, rows, targets, fold)})
    return tuple(folds)


def _pooled(judged: Sequence[Mapping[str, Metrics]], who: str, metric: str) -> float:
    """Returns the metric over all folds; it must be a mean over examples."""
    sizes = np.array([fold[who]["sample_size"] for fold in judged])
    return float(np.average([fold[who][metric] for fold in judged], weights=sizes))


def _sized(measured: Metrics, rows: Rows) -> Metrics:
    return {**measured, "sample_size": float(len(rows))}


def _notes(
    noun: str, unknown: int, folds: bool, judged: Sequence[Mapping[str, Metrics]], metric: str, beats: bool
) -> tuple[str, ...]:
    model, *baselines = judged[0]
    compared_with = [f"{_pooled(judged, name, metric):.3g} for the {name.replace('_', ' ')}" for name in baselines]
    where = f"in {len(judged)} folds of cross-validation, as the test is small" if folds else f"on unseen {noun}"
    verdict = "better" if beats else "not better"
    compared = (
        f"{metric} {_pooled(judged, model, metric):.3g} {where}, against {' and '.join(compared_with)}: {verdict} than "
        f"{'both' if len(baselines) == 2 else 'that'}."
    )
    left_out = f"{unknown} {noun} were left out of the tested model: their outcome was not known when the test began."
    return (compared, left_out) if unknown else (compared,)
