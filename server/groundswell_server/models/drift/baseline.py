"""What a version was like when it was trained: the errors of its test, and what it learnt from, feature by feature.

It is kept with the version, so that a later look compares with what was known then, whatever became of the posts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from groundswell_server.learning.features.post_features import CATEGORY, FEATURES, FeatureRows
from groundswell_server.statistics.two_sample_tests import Array, Summary, effective_size

if TYPE_CHECKING:
    from groundswell_server.models.model_type import ModelType
    from groundswell_server.models.training.evaluation import Evaluation

ARTIFACT = "baseline"
"""Name of the artifact it is kept as."""
MISSING = -1e9
"""Stands for an unknown value: below all known ones, so that more of them is a change like any other."""
_MOST_POINTS = 400


@dataclass(frozen=True, slots=True)
class FeatureBaseline:
    """The values of a feature that a version learnt from."""

    points: Array
    """Evenly spaced order statistics, ascending."""
    size: float
    """Independent observations behind them."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a version is compared with."""

    errors: Summary
    """Of its test on the newest posts, which it had not seen; the mean is its headline metric there."""
    residuals: Summary
    """Outcome less prediction, of the same posts."""
    absolute_residual: float
    """Their mean absolute value."""
    features: Mapping[str, FeatureBaseline]
    """None for types that do not learn from posts."""
    categories: Sequence[str]
    """In the order that stands for them among the values of their feature."""

    def values(self, rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Array]:
        """The values (n,) of the features of predictions, as they were kept with these."""
        table = np.array(
            [[MISSING if value is None else value for value in row["values"]] for row in rows], dtype=np.float64
        )
        table[:, CATEGORY] = numbered([row["category"] for row in rows], self.categories)
        return {name: table[:, FEATURES.index(name)] for name in self.features}

    def to_bytes(self) -> bytes:
        """As JSON."""
        errors, residuals = astuple(self.errors), astuple(self.residuals)
        features = {
            name: {"points": np.round(feature.points, 6).tolist(), "size": feature.size}
            for name, feature in self.features.items()
        }
        described = {
            "errors": errors,
            "residuals": residuals,
            "absolute_residual": self.absolute_residual,
            "features": features,
            "categories": list(self.categories),
        }
        return json.dumps(described, separators=(",", ":"), allow_nan=False).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Baseline:
        """What `to_bytes` wrote."""
        read = json.loads(content)
        features = {
            name: FeatureBaseline(np.array(feature["points"], dtype=np.float64), feature["size"])
            for name, feature in read["features"].items()
        }
        errors, residuals = Summary(*read["errors"]), Summary(*read["residuals"])
        return cls(errors, residuals, read["absolute_residual"], features, read["categories"])


def baseline_of(model_type: ModelType[Any], features: Any, tested: Evaluation[Any]) -> Baseline:
    """The baseline of a version: of what it learnt from, in time order, and of its test."""
    said = model_type.predict(tested.learned.predictor, tested.future)
    residuals = model_type.residuals(tested.targets, said.value)
    errors = Summary.of(model_type.errors(tested.targets, said.value))
    figures = errors, Summary.of(residuals), float(np.abs(residuals).mean())
    if not isinstance(features, FeatureRows):
        return Baseline(*figures, {}, ())
    categories = sorted({name for name in features.categories if name is not None})
    values = np.where(np.isnan(features.values), MISSING, features.values)
    values[:, CATEGORY] = numbered(features.categories, categories)
    found = {name: _feature(column) for name, column in zip(FEATURES, values.T, strict=True)}
    return Baseline(*figures, found, categories)


def numbered(names: Sequence[str | None], known: Sequence[str]) -> Array:
    """Categories as numbers: their place among the known ones, and after those for one that is new."""
    places = {name: float(place) for place, name in enumerate(known)}
    return np.array([MISSING if name is None else places.get(name, float(len(known))) for name in names])


def _feature(values: Array) -> FeatureBaseline:
    ordered = np.sort(values)
    places = np.linspace(0, len(ordered) - 1, min(len(ordered), _MOST_POINTS)).round().astype(int)
    return FeatureBaseline(ordered[places], effective_size(values))
