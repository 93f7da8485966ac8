"""From features to the numbers that trees are fitted to and served with, in NumPy, learnt once at training.

Gradient boosting refuses NaN, and an exported forest treats it otherwise than scikit-learn's: so a missing value
becomes the median of training and a flag of its own. What names and does not rank becomes one 0/1 column a value that
occurred often enough; any other value has 0 in all of them, which trees take as "something else". One column a value
keeps the target out of the encoding, unlike means of the target by category, which would make out-of-bag errors too
small. A feature without variation in training has no column at all: the model has nothing to say of it.
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

MOST_VALUES = 16
"""Values of a nominal feature that get a column of their own, at most."""
FEWEST_ROWS = 5
"""Rows that a value needs for a column of its own."""

_NOMINAL = tuple(FEATURES.index(name) for name in NOMINAL)


@dataclass(frozen=True, slots=True)
class Column:
    """One number that a model reads."""

    feature: int
    """Its feature's place in `FEATURES`."""
    kind: Literal["value", "missing", "is"]
    """The value, whether it is missing, or whether it is `number`."""
    number: float = 0.0
    """Of a value: the median that stands in for a missing one. Of `is`: the value asked for."""


class Encoder:
    """How one model reads the features of a post. Immutable."""

    def __init__(self, columns: Sequence[Column], categories: Sequence[str]) -> None:
        """`categories` are the known ones; a category's number is its place, counted from 1."""
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
        """Learns medians, flags, values and categories from training rows."""
        counts = Counter(name for name in rows.categories if name is not None)
        categories = [name for name, count in counts.most_common(MOST_VALUES) if count >= FEWEST_ROWS]
        values = cls([], categories)._numbered(rows)
        columns = [column for feature in range(len(FEATURES)) for column in _columns(feature, values[:, feature])]
        return cls(columns, categories)

    @property
    def features(self) -> frozenset[str]:
        """Names of the features that the model reads at all: those that varied in training."""
        return frozenset(FEATURES[column.feature] for column in self.columns)

    def encode(self, rows: FeatureRows) -> NDArray[np.float64]:
        """(n, number of columns), without NaN."""
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
        """One post, from its `feature_values` and category: as `encode`, without NumPy's overhead a call."""
        numbered = list(values)
        numbered[CATEGORY] = self._numbers.get(category, 0.0)
        # Only NaN differs from itself.
        row = [number if (number := numbered[feature]) == number else median for feature, median in self._values]
        row += [1.0 if numbered[feature] != numbered[feature] else 0.0 for feature in self._flags]
        row += [1.0 if numbered[feature] == number else 0.0 for feature, number in self._is]
        return row

    def to_json(self) -> dict[str, Any]:
        """What `from_json` makes the same encoder from. Features go by name, so that their order may change."""
        columns = [[FEATURES[column.feature], column.kind, column.number] for column in self.columns]
        return {"columns": columns, "categories": list(self.categories)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Encoder:
        """Raises ValueError for a feature that does not exist."""
        columns = [Column(FEATURES.index(name), kind, number) for name, kind, number in data["columns"]]
        return cls(columns, data["categories"])

    def _numbered(self, rows: FeatureRows) -> NDArray[np.float64]:
        """The values, with this model's numbers for categories: NaN unknown, 0 one that training did not show."""
        values = rows.values.copy()
        values[:, CATEGORY] = [self._numbers.get(name, 0.0) for name in rows.categories]
        return values


def _columns(feature: int, values: NDArray[np.float64]) -> list[Column]:
    """The columns that a feature with these training values (n,) needs."""
    missing = np.isnan(values)
    known = values[~missing]
    columns = [Column(feature, "missing")] if 0 < missing.sum() < len(values) else []
    if feature in _NOMINAL:
        found, counts = np.unique(known, return_counts=True)
        kept = [
            (-count, value) for value, count in zip(found, counts, strict=True) if FEWEST_ROWS <= count < len(values)
        ]
        return columns + [Column(feature, "is", float(value)) for _, value in sorted(kept)[:MOST_VALUES]]
    if known.size and known.min() < known.max():
        columns.append(Column(feature, "value", float(np.median(known))))
    return columns
