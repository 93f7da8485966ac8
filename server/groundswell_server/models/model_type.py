"""What a type of model has to say of itself; training, registry and serving need no more.

A type is one module in `model_types`, found by scanning that package. Types of posts have `PostModelType` to build on.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from groundswell_server.learning.features.post_rows import Fold, Rows, forward_folds, newest
from groundswell_server.learning.predictors.post_predictor import Predictor, Trees
from groundswell_server.learning.training.post_importance import FeatureImportance
from groundswell_server.models.artifacts.onnx_export import export_trees
from groundswell_server.models.evaluation.baselines import BASELINES, baselines
from groundswell_server.models.predictions import Predictions
from groundswell_storage.fields import to_micros
from groundswell_storage.scope import Scope

if TYPE_CHECKING:
    from groundswell_server.learning.training.post_examples import Span

Array = NDArray[np.float64]
Parameters = Mapping[str, Any]
Figures = dict[str, float]
R = TypeVar("R", bound=Rows)
Grower = Callable[[Parameters, int, int | None], Any]
"""From parameters, random seed and number of jobs to an unfitted scikit-learn estimator."""


class Progress(Protocol):
    """Told how far the work has come, 0 to 1, and what is done now. It may raise to stop the work."""

    def __call__(self, share: float, message: str, /) -> None: ...


def no_progress(share: float, message: str, /) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """What a training run may be told."""

    minimum_samples: int | None = None
    """Fewest examples; the type's own number when None."""
    test_share: float = 0.3
    """Share of the newest examples that is kept for the test, 0.1 to 0.5."""
    success_threshold_pct: float = 5.0
    """Rate from which on a post counts as a success."""
    parameters: Parameters = field(default_factory=dict)
    """Of the algorithm, over the type's own."""
    grid_search: bool = False
    """Try the type's grid by cross-validation in time and take the best."""
    jobs: int | None = None
    """Of scikit-learn. None: one, unless `joblib.parallel_config` says otherwise, for instance Dask's workers."""
    random_seed: int = 0


@dataclass(frozen=True, slots=True)
class Learned:
    """A fitted model, before it is exported."""

    estimators: Mapping[str, Any]
    """scikit-learn estimators, in the order of the trees' outputs; the first one predicts."""
    columns: int
    """Numbers that the estimators read of each row."""
    card: Mapping[str, Any]
    """All that serving needs beside the trees, `model_type` and `sample_count` among it; JSON."""
    predictor: Predictor
    """Serves from scikit-learn's own trees."""


@dataclass(frozen=True, slots=True)
class Insight:
    """What a model goes by."""

    importance: tuple[FeatureImportance, ...] = ()
    """By feature, most important first."""
    card: Mapping[str, Any] = field(default_factory=dict)
    """What serving should know of it, to be added to the model's card."""
    notes: tuple[str, ...] = ()
    """The same in words."""


class ModelType(ABC, Generic[R]):
    """A type of model over examples of one kind, which it has as `R`."""

    name: str
    """As in the contract, such as `ENGAGEMENT_PREDICTOR`."""
    title: str
    """What it learns, in words."""
    algorithm: str
    """How it learns it, in words."""
    features: tuple[str, ...]
    """What it learns from."""
    headline_metric: str
    """The error by which models and baselines are compared: a mean over examples, less is better."""
    minimum_samples: int
    """Fewest examples it can learn from."""
    parameters: Parameters
    """Of the algorithm."""
    grid: Mapping[str, Sequence[Any]]
    """Parameters that are worth trying."""
    subject: str = "post"
    """What its examples are about: post, text or profile."""
    noun: str = "posts"
    """What they are called in messages."""
    labels: tuple[str, ...] = ()
    """What examples can be labelled with; anything when there are none and it learns from labels."""
    positive: str = ""
    """The label that is looked for; empty when all are alike."""
    forgets: bool = True
    """Old examples say little of what comes: it looks back a limited time unless told otherwise."""

    @abstractmethod
    def read_examples(self, scope: Scope, span: Span) -> Sequence[Any]:
        """The examples of a span, oldest first."""

    @abstractmethod
    def collect(self, examples: Sequence[Any]) -> R:
        """The examples as arrays, in time order."""

    @abstractmethod
    def targets(self, rows: R, settings: TrainingSettings) -> Array:
        """What is to be predicted, (n,)."""

    @abstractmethod
    def learn(
        self, rows: R, targets: Array, parameters: Parameters, settings: TrainingSettings, progress: Progress
    ) -> Learned:
        """Fits the model, and calibrates its intervals or probabilities on the newest rows."""

    @abstractmethod
    def try_out(self, past: R, targets: Array, future: R, parameters: Parameters, settings: TrainingSettings) -> Array:
        """Predictions for `future` from a fit to `past` alone, without intervals and calibration: to try parameters."""

    @abstractmethod
    def errors(self, targets: Array, points: Array) -> Array:
        """(n,) the error of each example, persona_and_platform mean is the headline metric."""

    def residuals(self, targets: Array, points: Array) -> Array:
        """(n,) how much more came of each example than was predicted."""
        return targets - points

    @abstractmethod
    def measure_points(self, targets: Array, points: Array) -> Figures:
        """The metrics that need no interval; what is undefined is left out."""

    @abstractmethod
    def predictor(self, card: Mapping[str, Any], trees: Trees) -> Predictor:
        """What serves a model with this card."""

    def newest(self, rows: R, share: float) -> Fold:
        """A share of the examples to test on, and those that can be learnt from for that: by time, unless told."""
        return newest(rows, share)

    def folds(self, rows: R, count: int, first: float) -> Iterator[Fold]:
        """Parts of the examples for cross-validation: in time, after the share `first`, unless told otherwise."""
        return forward_folds(rows, count, first)

    def unseen(self, rows: R, data_end: datetime) -> NDArray[np.intp]:
        """Which examples a model has not seen whose data ended then."""
        return np.flatnonzero(rows.publish_time > to_micros(data_end))

    def rivals(self, rows: R, targets: Array, fold: Fold) -> Mapping[str, Array]:
        """What anybody could predict for `fold.future` without a model, by the name of the baseline."""
        guesses = baselines(targets, rows.publish_time, rows.known, rows.personas, fold.future)
        before = float(targets[fold.past].mean())
        pairs = zip(BASELINES, (guesses.trailing_mean, guesses.last_value), strict=True)
        return {name: np.where(np.isnan(guess), before, guess) for name, guess in pairs}

    def predict(self, predictor: Predictor, rows: R) -> Predictions:
        """What a model of this type predicts for examples."""
        return predictor.predict(rows.features, personas=rows.personas)

    def shown(self, rows: R, target: float) -> str:
        """A target in words."""
        return f"{target:g}"

    def remarks(self, rows: R) -> tuple[str, ...]:
        """What to know of the examples, in words."""
        return ()

    def measure(self, targets: Array, predictions: Predictions) -> Figures:
        """All metrics of the type."""
        return self.measure_points(targets, predictions.value)

    def export(self, learned: Learned) -> bytes:
        """The model as ONNX."""
        return export_trees(learned.estimators, learned.columns)

    def explain(self, tested: Learned, future: R, targets: Array, served: Learned, random_seed: int) -> Insight:
        """What the model goes by: `tested` on examples that it had not seen, `served` by its structure."""
        return Insight()
