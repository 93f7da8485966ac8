"""How good a model is on posts newer than those it learnt from, and whether it is better than no model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Generic

import numpy as np

from groundswell_server.learning.features.rows import Fold, Rows, fold_at, forward_folds
from groundswell_server.learning.prediction.predictions import Predictions
from groundswell_server.learning.training.baselines import baselines
from groundswell_server.learning.training.model_type import (
    Array,
    Figures,
    Learned,
    ModelType,
    Parameters,
    Progress,
    R,
    TrainingSettings,
)

ENOUGH_TO_JUDGE = 50
"""Newest posts from which on the test alone decides; with fewer, cross-validation in time does."""
BASELINES = "trailing_mean", "last_value"
_FOLDS = 4


@dataclass(frozen=True, slots=True)
class Report:
    """What a training run found out. Metrics by name as in `metrics`, with the `sample_size` behind them."""

    train: Figures
    """On the older posts, which the tested model was fitted to."""
    test: Figures
    """On the newest posts, which it had not seen."""
    baselines: Mapping[str, Figures]
    """`trailing_mean` and `last_value`, on the posts of `test`."""
    folds: Sequence[Mapping[str, Figures]]
    """Cross-validation in time, where the test is small: `model` and both baselines in each fold."""
    headline_metric: str
    """The error by which the model is compared with the baselines; less is better."""
    beats_baselines: bool
    notes: tuple[str, ...]
    """What to know of the run, in words."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Evaluation(Generic[R]):
    """The tested model, what it was tested on, and the report."""

    learned: Learned
    future: R
    targets: Array
    """Of `future`."""
    report: Report


def newest(rows: Rows, share: float) -> Fold:
    """The newest share of the posts as the future of those that were known by then."""
    return fold_at(rows, round(len(rows) * (1.0 - share)), len(rows))


def evaluate(
    model_type: ModelType[R],
    rows: R,
    targets: Array,
    parameters: Parameters,
    settings: TrainingSettings,
    progress: Progress,
) -> Evaluation[R]:
    """Fits to what was known when the newest `test_share` of the posts began, and measures on these."""
    fold = newest(rows, settings.test_share)
    past, future = rows.take(fold.past), rows.take(fold.future)
    learned = model_type.learn(past, targets[fold.past], parameters, settings, progress)
    seen = model_type.measure(targets[fold.past], _predict(learned, past))
    test = model_type.measure(targets[fold.future], _predict(learned, future))
    rivals = _baseline_figures(model_type, rows, targets, fold)
    folds = _cross_validate(model_type, rows, targets, parameters, settings) if len(future) < ENOUGH_TO_JUDGE else ()
    judged = folds or ({"model": _sized(test, future), **rivals},)
    metric = model_type.headline_metric
    beats = all(_pooled(judged, "model", metric) < _pooled(judged, rival, metric) for rival in BASELINES)
    report = Report(
        train=_sized(seen, past),
        test=_sized(test, future),
        baselines=rivals,
        folds=folds,
        headline_metric=metric,
        beats_baselines=beats,
        notes=_notes(len(rows) - len(past) - len(future), len(folds), judged, metric, beats),
    )
    return Evaluation(learned, future, targets[fold.future], report)


def _predict(learned: Learned, rows: Rows) -> Predictions:
    return learned.predictor.predict(rows.features, personas=rows.personas)


def _baseline_figures(model_type: ModelType[R], rows: R, targets: Array, fold: Fold) -> dict[str, Figures]:
    guesses = baselines(targets, rows.published, rows.known, rows.personas, fold.future)
    size, before = float(len(fold.future)), float(targets[fold.past].mean())
    found = {}
    for name, guess in zip(BASELINES, (guesses.trailing_mean, guesses.last_value), strict=True):
        points = np.where(np.isnan(guess), before, guess)
        found[name] = {**model_type.measure_points(targets[fold.future], points), "sample_size": size}
    return found


def _cross_validate(
    model_type: ModelType[R], rows: R, targets: Array, parameters: Parameters, settings: TrainingSettings
) -> tuple[Mapping[str, Figures], ...]:
    folds = []
    for fold in forward_folds(rows, _FOLDS, 0.4):
        past, future = rows.take(fold.past), rows.take(fold.future)
        points = model_type.try_out(past, targets[fold.past], future, parameters, settings)
        figures = _sized(model_type.measure_points(targets[fold.future], points), future)
        folds.append({"model": figures, **_baseline_figures(model_type, rows, targets, fold)})
    return tuple(folds)


def _pooled(judged: Sequence[Mapping[str, Figures]], who: str, metric: str) -> float:
    """The metric over all folds; it has to be a mean over posts."""
    sizes = np.array([fold[who]["sample_size"] for fold in judged])
    return float(np.average([fold[who][metric] for fold in judged], weights=sizes))


def _sized(figures: Figures, rows: Rows) -> Figures:
    return {**figures, "sample_size": float(len(rows))}


def _notes(
    unknown: int, folds: int, judged: Sequence[Mapping[str, Figures]], metric: str, beats: bool
) -> tuple[str, ...]:
    model, *rivals = (_pooled(judged, who, metric) for who in ("model", *BASELINES))
    where = f"in {folds} folds of cross-validation in time, as the test is small" if folds else "on the newest posts"
    compared = f"{metric} {model:.3g} {where}, against {rivals[0]:.3g} for the trailing mean"
    verdict = f"and {rivals[1]:.3g} for the last value: {'better than both' if beats else 'not better than both'}."
    left_out = f"{unknown} posts were left out of the tested model: their outcome was not known when the test began."
    return (f"{compared} {verdict}", left_out) if unknown else (f"{compared} {verdict}",)
