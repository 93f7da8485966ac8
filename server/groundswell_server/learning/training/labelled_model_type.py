"""The base of model types that learn from labelled examples: splits by group, baselines, metrics of classes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundswell_server.learning.features.labelled_rows import (
    MIN_PER_LABEL,
    LabelledExample,
    LabelledRows,
    labelled_rows,
    usable_examples,
)
from groundswell_server.learning.features.profile_facts import ProfileFacts
from groundswell_server.models.evaluation.class_metrics import brier_errors, class_metrics
from groundswell_server.models.evaluation.group_folds import group_folds, hold_out, independent
from groundswell_server.models.example_arrays import Fold
from groundswell_server.models.model_type import Array, Metrics, ModelType, TrainingSettings, TrainingSpan
from groundswell_server.models.outcomes import LabelledOutcomes, OutcomeSource
from groundswell_storage.fields import to_micros
from groundswell_storage.learning import training_examples
from groundswell_storage.learning.training_examples import StoredExample
from groundswell_storage.scope import Scope

MAJORITY = "majority_class"
"""The baseline that predicts the shares of the labels among the training examples."""

_SUBJECTS: Mapping[str, Callable[[StoredExample], Any]] = {
    "text": lambda stored: stored.text,
    "profile": lambda stored: ProfileFacts.from_json(stored.profile or {}),
}
"""The subject of a stored example, by the kind of subject that a type learns from."""


class LabelledModelType(ModelType[LabelledRows]):
    """A type that learns from `LabelledExample`s and predicts the probability of each label, (n, k)."""

    forgets = False
    headline_metric = "brier"
    outcomes: OutcomeSource = LabelledOutcomes()

    def read_examples(self, scope: Scope, span: TrainingSpan) -> list[LabelledExample]:
        since = span.as_of - span.lookback if span.lookback < timedelta.max else None
        stored = training_examples.read(
            scope, self.name, added_by=span.as_of, added_from=since, persona_id=span.persona_id
        )
        return [
            LabelledExample(
                subject=_SUBJECTS[self.subject](one),
                label=one.label,
                group=one.group,
                added=added,
                persona_id=one.persona_id,
            )
            for added, one in stored
        ]

    def collect(self, examples: Sequence[LabelledExample]) -> LabelledRows:
        kept, classes, rare = usable_examples(examples, self.labels)
        groups = independent([example.group for example in kept], [example.subject for example in kept])
        return labelled_rows(self.read_features([example.subject for example in kept]), kept, groups, classes, rare)

    @abstractmethod
    def read_features(self, subjects: Sequence[Any]) -> Any:
        """Returns the features of subjects, in the form that the predictor reads."""

    def targets(self, rows: LabelledRows, settings: TrainingSettings) -> Array:
        return rows.labels.astype(np.float64)

    def describe_target(self, rows: LabelledRows, target: float) -> str:
        return rows.classes[int(target)]

    def newest(self, rows: LabelledRows, share: float) -> Fold:
        return hold_out(rows.groups, share)

    def folds(self, rows: LabelledRows, count: int, first: float) -> Iterator[Fold]:
        yield from group_folds(rows.groups, count)

    def unseen(self, rows: LabelledRows, data_end: datetime) -> NDArray[np.intp]:
        return np.flatnonzero(rows.added > to_micros(data_end))

    def baselines(self, rows: LabelledRows, targets: Array, fold: Fold) -> Mapping[str, Array]:
        shares = class_shares(rows.labels[fold.past], len(rows.classes))
        return {MAJORITY: np.tile(shares, (len(fold.future), 1))}

    def errors(self, targets: Array, points: Array) -> Array:
        return brier_errors(targets, points)

    def measure_points(self, targets: Array, points: Array) -> Metrics:
        return class_metrics(targets, points, self.labels.index(self.positive) if self.positive else None)

    def notes(self, rows: LabelledRows) -> tuple[str, ...]:
        if not rows.left_out:
            return ()
        return (f"Left out labels with fewer than {MIN_PER_LABEL} examples: {', '.join(rows.left_out)}.",)


def class_shares(labels: NDArray[np.int64], classes: int) -> Array:
    """Returns the shares (classes,) of labels (n,), each counted once more than it occurs (Laplace)."""
    counts = np.bincount(labels, minlength=classes) + 1.0
    shares: Array = counts / counts.sum()
    return shares
