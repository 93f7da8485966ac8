"""Encoding of features as the columns that trees are trained and served on, fitted once at training, in NumPy.

Gradient boosting rejects NaN, and an exported forest treats it differently from scikit-learn's. A missing value
therefore becomes the median of the training values, with a flag column. Nominal features are one-hot encoded: one 0/1
column per frequent value, and 0 in all of them for any other value. Target encoding would instead leak the target into
the columns and make out-of-bag errors too small. A feature that is constant in training has no column.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from groundswell_server.learning.features.post_features import CATEGORY, FEATURES, NOMINAL, FeatureRows

MAX_VALUES = 16
"""The maximum number of columns of a nominal feature."""
MIN_ROWS = 5
"""The number of training rows from which a value has a column."""

_NOMINAL = tuple(FEATURES.index(name) for name in NOMINAL)


@dataclass(frozen=True, slots=True)
class Column:
    """One column that a model reads."""

    feature: int
    """The position of its feature in `FEATURES`."""
    kind: Literal["value", "missing", "is"]
    """"value" is the value, "missing" is 1 if it is missing, "is" is 1 if it equals `number`."""
    number: float = 0.0
    """For "value" the median that replaces a missing value; for "is" the value to compare with."""


class Encoder:
    """Encodes the features of posts for one model. Immutable."""

    def __init__(self, columns: Sequence[Column], categories: Sequence[str]) -> None:
        """`categories` are the known categories; the number of a category is its position, counted from 1."""
        order = {"value": 0, "missing": 1, "is": 2}
        self.columns = tuple(sorted(columns, key=lambda column: order[column.kind]))
        self.categories = tuple(categories)
        self._numbers: dict[str | None, float] = {name: float(place) for place, name in enumerate(categories, 1)}
        self._numbers[None] = math.nan
        self._of_kind = {kind: [column for column in self.columns if column.kind == kind] for kind in order}
        self._values = [(column.feature, column.number) for column in self._of_kind["value"]]
        self._flags = [column.feature for column in self._of_kind["missing"]]
        self._is = [(column.feature, column.number) for column in self._of_kind["is"]]

    @classmethod
    def fit(cls, rows: FeatureRows) -> Encoder:
        """Fits medians, flags, values and categories to training rows."""
        counts = Counter(name for name in rows.categories if name is not None)
        categories = [name for name, count in counts.most_common(MAX_VALUES) if count >= MIN_ROWS]
        values = cls([], categories)._numbered(rows)
        columns = [column for feature in range(len(FEATURES)) for column in _columns(feature, values[:, feature])]
        return cls(columns, categories)

    @property
    def features(self) -> frozenset[str]:
        """The names of the features that the model reads: those that varied in training."""
        return frozenset(FEATURES[column.feature] for column in self.columns)

    def encode(self, rows: FeatureRows) -> NDArray[np.float64]:
        """Encodes rows as an array (n, number of columns) without NaN."""
        values = self._numbered(rows)
        out = np.empty((len(rows), len(self.columns)))
        a, b = len(self._values), len(self._values) + len(self._flags)
        numbers = values[:, [feature for feature, _ in self._values]]
        medians = np.array([median for _, median in self._values])
        out[:, :a] = np.where(np.isnan(numbers), medians, numbers)
        out[:, a:b] = np.isnan(values[:, self._flags])
        out[:, b:] = values[:, [feature for feature, _ in self._is]] == np.array([number for _, number in self._is])
        return out

    def encode_one(self, values: Sequence[float], category: str | None) -> list[float]:
        """Encodes one post from its `feature_values` and category, as `encode` but without NumPy's overhead."""
        numbered = list(values)
        numbered[CATEGORY] = self._numbers.get(category, 0.0)
        # NaN is the only number that differs from itself.
        row = [number if (number := numbered[feature]) == number else median for feature, median in self._values]
        row += [1.0 if numbered[feature] != numbered[feature] else 0.0 for feature in self._flags]
        row += [1.0 if numbered[feature] == number else 0.0 for feature, number in self._is]
        return row

    def to_json(self) -> dict[str, Any]:
        """Returns the encoder as JSON, with features by name, so that their order may change."""
        columns = [[FEATURES[column.feature], column.kind, column.number] for column in self.columns]
        return {"columns": columns, "categories": list(self.categories)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Encoder:
        """Restores an encoder; raises ValueError for an unknown feature."""
        columns = [Column(FEATURES.index(name), kind, number) for name, kind, number in data["columns"]]
        return cls(columns, data["categories"])

    def _numbered(self, rows: FeatureRows) -> NDArray[np.float64]:
        """Returns the values with the numbers of the categories: NaN if unknown, 0 if not seen in training."""
        values = rows.values.copy()
        values[:, CATEGORY] = [self._numbers.get(name, 0.0) for name in rows.categories]
        return values


def _columns(feature: int, values: NDArray[np.float64]) -> list[Column]:
    """Returns the columns of a feature with these training values (n,)."""
    missing = np.isnan(values)
    known = values[~missing]
    columns = [Column(feature, "missing")] if 0 < missing.sum() < len(values) else []
    if feature in _NOMINAL:
        found, counts = np.unique(known, return_counts=True)
        kept = [(-count, value) for value, count in zip(found, counts, strict=True) if MIN_ROWS <= count < len(values)]
        return columns + [Column(feature, "is", float(value)) for _, value in sorted(kept)[:MAX_VALUES]]
    if known.size and known.min() < known.max():
        columns.append(Column(feature, "value", float(np.median(known))))
    return columns
