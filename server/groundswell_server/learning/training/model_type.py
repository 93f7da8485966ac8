"""What a type of model has to say of itself; training, registry and serving need no more.

A type is one module in `model_types`, found by scanning that package. Types of posts have `PostModelType` to build on.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from groundswell_server.learning.features.rows import Rows
from groundswell_server.learning.prediction.predictions import Predictions
from groundswell_server.learning.prediction.predictor import Predictor, Trees
from groundswell_server.learning.training.exporting import export_trees
from groundswell_server.learning.training.importance import FeatureImportance

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
        """(n,) the error of each example, whose mean is the headline metric."""

    @abstractmethod
    def measure_points(self, targets: Array, points: Array) -> Figures:
        """The metrics that need no interval; what is undefined is left out."""

    @abstractmethod
    def predictor(self, card: Mapping[str, Any], trees: Trees) -> Predictor:
        """What serves a model with this card."""

    def measure(self, targets: Array, predictions: Predictions) -> Figures:
        """All metrics of the type."""
        return self.measure_points(targets, predictions.value)

    def export(self, learned: Learned) -> bytes:
        """The model as ONNX."""
        return export_trees(learned.estimators, learned.columns)

    def explain(self, tested: Learned, future: R, targets: Array, served: Learned, random_seed: int) -> Insight:
        """What the model goes by: `tested` on examples that it had not seen, `served` by its structure."""
        return Insight()
