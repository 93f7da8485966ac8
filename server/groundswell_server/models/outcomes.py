"""The outcomes of served predictions: their sources, and the comparison of predictions with them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from groundswell_server.models.predictions import Predictions
from groundswell_storage.learning import labelled_predictions, training_examples
from groundswell_storage.learning.model_versions import ModelVersion
from groundswell_storage.scope import Scope

Array = NDArray[np.float64]


class ServedPrediction(Protocol):
    """A stored prediction of one version, joined with its outcome."""

    @property
    def served(self) -> datetime:
        """Time at which it was answered."""

    @property
    def known(self) -> datetime | None:
        """Time at which the outcome became known; None until then."""


class SubjectOutcome(NamedTuple):
    """The outcome of a prediction about one unit of a rollout."""

    served: ServedPrediction
    subject_id: str
    """Stable id of the prediction's subject, such as that of a context."""
    unit: str
    """Unit of the rollout that the subject belongs to."""


class Observations(NamedTuple):
    """At least one prediction with its outcome, as arrays in the unit of the prediction."""

    predictions: Predictions
    outcomes: Array
    """(n,) a rate, 0 or 1, or the position of the true label among the labels."""
    mean_prediction: float
    """Mean predicted rate or probability; for several labels, mean probability of the likeliest label."""
    mean_outcome: float
    """Mean of the same quantity among the outcomes: a rate, or the share of hits."""


class OutcomeSource(ABC):
    """Reads the predictions that were served by a version, and their outcomes."""

    measured: ClassVar[bool]
    """True where the suite measures outcomes itself; False where people provide them as labels."""

    @abstractmethod
    def served_between(
        self, scope: Scope, model_id: str, target_age: timedelta, since: datetime, until: datetime
    ) -> Sequence[ServedPrediction]:
        """Returns the predictions served from `since` and before `until`, in that order."""

    @abstractmethod
    def newest_outcomes(
        self, scope: Scope, model_id: str, target_age: timedelta, limit: int
    ) -> Sequence[ServedPrediction]:
        """Returns the predictions with the latest known outcomes, in the order in which these became known."""

    @abstractmethod
    def newest_features(self, scope: Scope, model_id: str, limit: int) -> Sequence[Mapping[str, Any]]:
        """Returns the stored features of the predictions that were served last, in that order; none if not stored."""

    @abstractmethod
    def count_served(self, scope: Scope, model_id: str) -> int:
        """Returns the number of stored predictions."""

    @abstractmethod
    def count_new_examples(
        self, scope: Scope, model_type: str, live: ModelVersion | None, lookback: timedelta, target_age: timedelta
    ) -> int:
        """Returns the number of examples that the live version has not learnt from; all examples without one."""

    @abstractmethod
    def observe(
        self, version: ModelVersion, known: Sequence[Any], labels: Sequence[str], positive: str
    ) -> Observations:
        """Returns predictions with known outcomes as arrays. `labels` and `positive` are those of the model type."""

    def list_for_posts(
        self, scope: Scope, model_id: str, post_ids: Sequence[str], target_age: timedelta, since: datetime
    ) -> Sequence[SubjectOutcome]:
        """Returns outcomes of predictions about posts, to be reported to rollouts; none unless measured."""
        return ()


@dataclass(frozen=True, slots=True)
class LabelledOutcomes(OutcomeSource):
    """Outcomes that people provide as labelled examples."""

    measured = False
    every_label: bool = False
    """True for types that predict the probability of every label, False for those of the one positive label."""

    def served_between(
        self, scope: Scope, model_id: str, target_age: timedelta, since: datetime, until: datetime
    ) -> Sequence[ServedPrediction]:
        return labelled_predictions.judged(scope, model_id, since=since, until=until)

    def newest_outcomes(
        self, scope: Scope, model_id: str, target_age: timedelta, limit: int
    ) -> Sequence[ServedPrediction]:
        return labelled_predictions.newest_outcomes(scope, model_id, limit=limit)

    def newest_features(self, scope: Scope, model_id: str, limit: int) -> Sequence[Mapping[str, Any]]:
        return labelled_predictions.newest_served(scope, model_id, limit)

    def count_served(self, scope: Scope, model_id: str) -> int:
        return labelled_predictions.count_served(scope, model_id)

    def count_new_examples(
        self, scope: Scope, model_type: str, live: ModelVersion | None, lookback: timedelta, target_age: timedelta
    ) -> int:
        return training_examples.count(scope, model_type, added_after=live.create_time if live else None)

    def observe(
        self, version: ModelVersion, known: Sequence[Any], labels: Sequence[str], positive: str
    ) -> Observations:
        return (
            _observe_every_label(known, labels, positive) if self.every_label else _observe_one_label(known, positive)
        )


def _observe_one_label(known: Sequence[Any], positive: str) -> Observations:
    values = np.array([prediction.probabilities[positive] for prediction in known], dtype=np.float64)
    outcomes = np.array([prediction.label == positive for prediction in known], dtype=np.float64)
    return Observations(Predictions(values, values, values), outcomes, float(values.mean()), float(outcomes.mean()))


def _observe_every_label(known: Sequence[Any], labels: Sequence[str], positive: str) -> Observations:
    """Compares probabilities (n, k) of the type's own labels, or of all labels that were predicted or given."""
    named = {prediction.label for prediction in known}.union(*(prediction.probabilities for prediction in known))
    classes = list(labels) or sorted(named)
    values = np.array(
        [[prediction.probabilities.get(label, 0.0) for label in classes] for prediction in known], dtype=np.float64
    )
    outcomes = np.array([classes.index(prediction.label) for prediction in known], dtype=np.float64)
    if positive:
        place = classes.index(positive)
        predicted, observed = values[:, place], outcomes == place
    else:
        predicted, observed = values.max(axis=1), values.argmax(axis=1) == outcomes
    predictions = Predictions(values, values, values)
    return Observations(predictions, outcomes, float(predicted.mean()), float(observed.mean()))
