"""What all types that learn from labelled examples have in common: splits by group, baselines, figures of classes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundswell_server.learning.features.labelled_rows import (
    LabelledExample,
    LabelledRows,
    labelled_rows,
    usable_examples,
)
from groundswell_server.learning.features.post_rows import Fold
from groundswell_server.learning.training import labelled_dataset
from groundswell_server.learning.training.post_examples import Span
from groundswell_server.models.evaluation.class_metrics import brier_errors, class_figures
from groundswell_server.models.evaluation.group_folds import group_folds, hold_out, independent
from groundswell_server.models.model_type import Array, Figures, ModelType, TrainingSettings
from groundswell_storage.fields import to_micros
from groundswell_storage.scope import Scope

MAJORITY = "majority_class"
"""The baseline that says of everything what is most common: with the shares that the labels had before."""


class LabelledModelType(ModelType[LabelledRows]):
    """A type that learns from `LabelledExample`s. It predicts an array (n, k): the probability of each label."""

    forgets = False
    headline_metric = "brier"

    def read_examples(self, scope: Scope, span: Span) -> list[LabelledExample]:
        return labelled_dataset.read_examples(scope, self.name, self.subject, span)

    def collect(self, examples: Sequence[LabelledExample]) -> LabelledRows:
        kept, classes, rare = usable_examples(examples, self.labels)
        groups = independent([example.group for example in kept], [example.subject for example in kept])
        return labelled_rows(self.read_features([example.subject for example in kept]), kept, groups, classes, rare)

    @abstractmethod
    def read_features(self, subjects: Sequence[Any]) -> Any:
        """What a predictor reads of subjects."""

    def targets(self, rows: LabelledRows, settings: TrainingSettings) -> Array:
        return rows.labels.astype(np.float64)

    def shown(self, rows: LabelledRows, target: float) -> str:
        return rows.classes[int(target)]

    def newest(self, rows: LabelledRows, share: float) -> Fold:
        return hold_out(rows.groups, share)

    def folds(self, rows: LabelledRows, count: int, first: float) -> Iterator[Fold]:
        yield from group_folds(rows.groups, count)

    def unseen(self, rows: LabelledRows, data_end: datetime) -> NDArray[np.intp]:
        return np.flatnonzero(rows.added > to_micros(data_end))

    def rivals(self, rows: LabelledRows, targets: Array, fold: Fold) -> Mapping[str, Array]:
        shares = class_shares(rows.labels[fold.past], len(rows.classes))
        return {MAJORITY: np.tile(shares, (len(fold.future), 1))}

    def errors(self, targets: Array, points: Array) -> Array:
        return brier_errors(targets, points)

    def measure_points(self, targets: Array, points: Array) -> Figures:
        return class_figures(targets, points, self.labels.index(self.positive) if self.positive else None)

    def remarks(self, rows: LabelledRows) -> tuple[str, ...]:
        if not rows.left_out:
            return ()
        return (f"Left out, for want of examples: {', '.join(rows.left_out)}.",)


def class_shares(labels: NDArray[np.int64], classes: int) -> Array:
    """(classes,) the shares that labels (n,) have, each label counted once more than it occurs (Laplace)."""
    counts = np.bincount(labels, minlength=classes) + 1.0
    shares: Array = counts / counts.sum()
    return shares
