"""The interface of a model type: everything that training, registry, serving and monitoring need."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from groundswell_server.models.artifacts.onnx_export import export_trees
from groundswell_server.models.evaluation.baselines import BASELINES, baseline_predictions
from groundswell_server.models.evaluation.importance import FeatureImportance
from groundswell_server.models.example_arrays import Fold, MonitoredFeatures, Rows, forward_folds, newest
from groundswell_server.models.outcomes import OutcomeSource
from groundswell_server.models.predictions import Predictions
from groundswell_server.models.predictor import Outputs, Predictor
from groundswell_storage.fields import to_micros
from groundswell_storage.scope import Scope

Array = NDArray[np.float64]
Parameters = Mapping[str, Any]
Metrics = dict[str, float]
R = TypeVar("R", bound=Rows)
EstimatorFactory = Callable[[Parameters, int, int | None], Any]
"""Makes an unfitted scikit-learn estimator from parameters, random seed and number of jobs."""


class Progress(Protocol):
    """A callback with the share of the work that is done, 0 to 1, and the current step. It may raise to stop it."""

    def __call__(self, share: float, message: str, /) -> None: ...


def no_progress(share: float, message: str, /) -> None:
    """Ignores progress."""


@dataclass(frozen=True, slots=True)
class TrainingSpan:
    """The examples to learn from, and the time up to which a training run may use data."""

    as_of: datetime
    """Nothing that was fetched later is read."""
    lookback: timedelta
    """The maximum age of an example at `as_of`."""
    target_age: timedelta
    """Age at which a measured value counts as the outcome; younger subjects wait."""
    persona_id: str = ""
    """Restricts the examples to one persona; empty for all."""


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """Options of a training run."""

    minimum_samples: int | None = None
    """The minimum number of examples; the type's own number when None."""
    test_share: float = 0.3
    """Share of the newest examples that is kept for the test, 0.1 to 0.5."""
    success_threshold_pct: float = 5.0
    """Rate at or above which a post counts as a success, for types that predict success."""
    parameters: Parameters = field(default_factory=dict)
    """Parameters of the algorithm that override the type's own."""
    grid_search: bool = False
    """Try the type's grid by cross-validation in time and take the best parameters."""
    jobs: int | None = None
    """Number of scikit-learn jobs. None means one, unless `joblib.parallel_config` is set (such as for Dask)."""
    random_seed: int = 0


@dataclass(frozen=True, slots=True)
class Learned:
    """A fitted model, before it is exported."""

    estimators: Mapping[str, Any]
    """scikit-learn estimators in the order of the exported outputs; the first one predicts."""
    columns: int
    """Number of columns that the estimators read of each row."""
    card: Mapping[str, Any]
    """Everything that serving needs beside the estimators, with `model_type` and `sample_count`; JSON."""
    predictor: Predictor
    """A predictor that uses the scikit-learn estimators themselves."""


@dataclass(frozen=True, slots=True)
class Insight:
    """Feature importance and notes on a model, found by its training run."""

    importance: tuple[FeatureImportance, ...] = ()
    """Importance of each feature, most important first."""
    card: Mapping[str, Any] = field(default_factory=dict)
    """Additions to the model's card."""
    notes: tuple[str, ...] = ()
    """The same in words."""


class ModelType(ABC, Generic[R]):
    """A type of model over examples of one kind, given as rows of type `R`."""

    name: str
    """Name of the value of the contract's enum without prefix, such as `ENGAGEMENT_PREDICTOR`."""
    title: str
    """Description of the target."""
    algorithm: str
    """Description of the algorithm."""
    features: tuple[str, ...]
    """Names of the features."""
    headline_metric: str
    """The error by which models and baselines are compared: a mean over examples, less is better."""
    minimum_samples: int
    """The minimum number of examples that the type can learn from."""
    parameters: Parameters
    """Default parameters of the algorithm."""
    grid: Mapping[str, Sequence[Any]]
    """Values of parameters that a grid search tries."""
    outcomes: OutcomeSource
    """Source of the outcomes of served predictions."""
    subject: str = "post"
    """Kind of the examples: post, text or profile."""
    noun: str = "posts"
    """Word for the examples in messages."""
    labels: tuple[str, ...] = ()
    """Labels that examples may have; empty for any label."""
    positive: str = ""
    """The label whose probability is predicted; empty when all labels are equal."""
    forgets: ClassVar[bool] = True
    """True where old examples lose their meaning, so that a run without a lookback uses the configured one."""

    @abstractmethod
    def read_examples(self, scope: Scope, span: TrainingSpan) -> Sequence[Any]:
        """Reads the examples of a span, oldest first."""

    @abstractmethod
    def collect(self, examples: Sequence[Any]) -> R:
        """Returns the examples as arrays, in time order."""

    @abstractmethod
    def targets(self, rows: R, settings: TrainingSettings) -> Array:
        """Returns the targets (n,)."""

    @abstractmethod
    def learn(
        self, rows: R, targets: Array, parameters: Parameters, settings: TrainingSettings, progress: Progress
    ) -> Learned:
        """Fits the model, and calibrates its intervals or probabilities on the newest rows."""

    @abstractmethod
    def try_out(self, past: R, targets: Array, future: R, parameters: Parameters, settings: TrainingSettings) -> Array:
        """Returns predictions for `future` from a fit to `past` without intervals and calibration."""

    @abstractmethod
    def errors(self, targets: Array, points: Array) -> Array:
        """Returns the error of each example (n,), whose mean is the headline metric."""

    def residuals(self, targets: Array, points: Array) -> Array:
        """Returns outcome less prediction of each example (n,)."""
        return targets - points

    @abstractmethod
    def measure_points(self, targets: Array, points: Array) -> Metrics:
        """Returns the metrics that need no interval; undefined ones are left out."""

    @abstractmethod
    def predictor(self, card: Mapping[str, Any], outputs: Outputs) -> Predictor:
        """Returns the predictor of a model with this card."""

    def newest(self, rows: R, share: float) -> Fold:
        """Splits off a share of the examples to test on: the newest ones, unless overridden."""
        return newest(rows, share)

    def folds(self, rows: R, count: int, first: float) -> Iterator[Fold]:
        """Yields folds for cross-validation: in time, after the share `first`, unless overridden."""
        return forward_folds(rows, count, first)

    def unseen(self, rows: R, data_end: datetime) -> NDArray[np.intp]:
        """Returns the rows that a model whose training data ended at `data_end` has not seen."""
        return np.flatnonzero(rows.publish_time > to_micros(data_end))

    def baselines(self, rows: R, targets: Array, fold: Fold) -> Mapping[str, Array]:
        """Returns predictions for `fold.future` without a model, by the name of the baseline."""
        guesses = baseline_predictions(targets, rows.publish_time, rows.known, rows.personas, fold.future)
        before = float(targets[fold.past].mean())
        pairs = zip(BASELINES, (guesses.trailing_mean, guesses.last_value), strict=True)
        return {name: np.where(np.isnan(guess), before, guess) for name, guess in pairs}

    def predict(self, predictor: Predictor, rows: R) -> Predictions:
        """Returns the predictions of a model of this type for examples."""
        return predictor.predict(rows.features, personas=rows.personas)

    def describe_target(self, rows: R, target: float) -> str:
        """Returns a target in words."""
        return f"{target:g}"

    def notes(self, rows: R) -> tuple[str, ...]:
        """Returns notes on the examples, in words."""
        return ()

    def measure(self, targets: Array, predictions: Predictions) -> Metrics:
        """Returns all metrics of the type."""
        return self.measure_points(targets, predictions.value)

    def export(self, learned: Learned) -> bytes:
        """Returns the model as ONNX."""
        return export_trees(learned.estimators, learned.columns)

    def explain(self, tested: Learned, future: R, targets: Array, served: Learned, random_seed: int) -> Insight:
        """Returns feature importance: of `tested` on examples it had not seen, of `served` by its structure."""
        return Insight()

    def target_parameters(self, settings: TrainingSettings) -> Parameters:
        """Returns the settings that define the target. Versions that differ in them are not compared."""
        return {}

    def monitored_features(self, features: Any) -> MonitoredFeatures | None:
        """Returns features as columns for drift checks; None for types whose features are not monitored."""
        return None
