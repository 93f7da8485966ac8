"""The baseline of a version: the errors of its test and the distribution of its training features.

It is stored with the version, so that a later drift check compares with the values of that time, even if the examples
have changed since.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np

from groundswell_server.models.example_arrays import MonitoredFeatures
from groundswell_server.statistics.two_sample_tests import Array, Summary, effective_size

ARTIFACT = "baseline"
"""Name of the artifact that holds it."""
MISSING = -1e9
"""Stands for an unknown value: below all known ones, so that a larger share of unknown values counts as a change."""
_MAX_POINTS = 400


@dataclass(frozen=True, slots=True)
class FeatureBaseline:
    """The training values of a feature."""

    points: Array
    """Evenly spaced order statistics, ascending."""
    size: float
    """Number of independent observations behind them."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The values that a version in service is compared with."""

    errors: Summary
    """Errors of the test on the newest examples, which the tested model had not seen; their mean is the headline
    metric."""
    residuals: Summary
    """Outcome less prediction of the same examples."""
    absolute_residual: float
    """Mean absolute residual."""
    features: Mapping[str, FeatureBaseline]
    """By name; empty for types without monitored features."""
    names: Sequence[str] = ()
    """Names of the values that are stored with predictions, in their order."""
    category_feature: str = ""
    """Name of the feature whose values are texts."""
    categories: Sequence[str] = ()
    """Its training values; their positions are its numbers."""

    @classmethod
    def of(cls, errors: Array, residuals: Array, features: MonitoredFeatures | None) -> Baseline:
        """Returns the baseline of test errors (n,), test residuals (n,) and the features of all training examples."""
        measured = Summary.of(errors), Summary.of(residuals), float(np.abs(residuals).mean())
        if features is None:
            return cls(*measured, {})
        categories = sorted({name for name in features.categories if name is not None})
        values = np.where(np.isnan(features.values), MISSING, features.values)
        place = list(features.names).index(features.category_feature)
        values[:, place] = category_numbers(features.categories, categories)
        found = {name: _feature(column) for name, column in zip(features.names, values.T, strict=True)}
        return cls(*measured, found, tuple(features.names), features.category_feature, categories)

    def values(self, rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Array]:
        """Returns the values (n,) of each feature, from features as they are stored with n predictions."""
        table = np.array(
            [[MISSING if value is None else value for value in row["values"]] for row in rows], dtype=np.float64
        )
        if self.category_feature in self.features:
            numbers = category_numbers([row["category"] for row in rows], self.categories)
            table[:, self.names.index(self.category_feature)] = numbers
        return {name: table[:, self.names.index(name)] for name in self.features}

    def to_bytes(self) -> bytes:
        """Returns the baseline as JSON."""
        features = [
            [name, np.round(feature.points, 6).tolist(), feature.size] for name, feature in self.features.items()
        ]
        described = {
            "errors": astuple(self.errors),
            "residuals": astuple(self.residuals),
            "absolute_residual": self.absolute_residual,
            "features": features,
            "names": list(self.names),
            "category_feature": self.category_feature,
            "categories": list(self.categories),
        }
        return json.dumps(described, separators=(",", ":"), allow_nan=False).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Baseline:
        """Returns the baseline that `to_bytes` wrote."""
        read = json.loads(content)
        features = {
            name: FeatureBaseline(np.array(points, dtype=np.float64), size) for name, points, size in read["features"]
        }
        return cls(
            Summary(*read["errors"]),
            Summary(*read["residuals"]),
            read["absolute_residual"],
            features,
            read["names"],
            read["category_feature"],
            read["categories"],
        )


def category_numbers(names: Sequence[str | None], known: Sequence[str]) -> Array:
    """Returns the positions (n,) of categories among the known ones; a new category comes after all of them."""
    places = {name: float(place) for place, name in enumerate(known)}
    return np.array([MISSING if name is None else places.get(name, float(len(known))) for name in names])


def _feature(values: Array) -> FeatureBaseline:
    ordered = np.sort(values)
    places = np.linspace(0, len(ordered) - 1, min(len(ordered), _MAX_POINTS)).round().astype(int)
    return FeatureBaseline(ordered[places], effective_size(values))
