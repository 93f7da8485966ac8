"""Examples as arrays in time order, and splits that respect when each outcome became known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray


class Rows(Protocol):
    """n examples of any kind, oldest first. Splitting, evaluating and comparing need nothing else of them."""

    @property
    def features(self) -> Any:
        """The features, in the form that a predictor of such examples reads."""

    @property
    def publish_time(self) -> NDArray[np.int64]:
        """(n,) time of each example, microseconds since 1970, ascending."""

    @property
    def known(self) -> NDArray[np.int64]:
        """(n,) time at which the outcome of each example became known, microseconds since 1970."""

    @property
    def personas(self) -> tuple[str, ...]:
        """Persona of each example. Examples of one persona resemble each other."""

    @property
    def span(self) -> tuple[datetime, datetime]:
        """Times of the first and the last example."""

    def __len__(self) -> int: ...

    def take(self, rows: NDArray[np.intp], /) -> Self:
        """Returns the rows at these positions, which must ascend."""


@dataclass(frozen=True, slots=True)
class MonitoredFeatures:
    """Features of n examples as columns that drift checks can compare."""

    names: Sequence[str]
    values: NDArray[np.float64]
    """(n, number of names); NaN is unknown."""
    category_feature: str
    """Name of the feature whose values are the texts in `categories`; its column in `values` is ignored."""
    categories: Sequence[str | None]
    """n texts; None is unknown."""


@dataclass(frozen=True, slots=True)
class Fold:
    """A part of the examples, and the examples whose outcome was known before that part began."""

    past: NDArray[np.intp]
    """Rows to learn from: their outcome was known before the first row of `future`."""
    future: NDArray[np.intp]
    """Rows to predict."""


def fold_at(rows: Rows, begin: int, end: int) -> Fold:
    """Returns the examples from `begin` up to `end` as the future of the examples before them."""
    past = np.flatnonzero(rows.known[:begin] < rows.publish_time[begin])
    return Fold(past, np.arange(begin, end))


def newest(rows: Rows, share: float) -> Fold:
    """Returns the newest share of the examples as the future of those that were known by then."""
    return fold_at(rows, round(len(rows) * (1.0 - share)), len(rows))


def forward_folds(rows: Rows, count: int, first: float, fewest: int = 10) -> Iterator[Fold]:
    """Yields `count` equal parts of the examples after the share `first`, each as the future of all before it.

    Rolling origins (Tashman 2000, "Out-of-sample tests of forecasting accuracy"). Parts with fewer than `fewest`
    examples to learn from, or none to predict, are left out.
    """
    cuts = np.linspace(len(rows) * first, len(rows), count + 1).astype(int)
    for begin, end in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
        if begin < end and len((fold := fold_at(rows, begin, end)).past) >= fewest:
            yield fold
