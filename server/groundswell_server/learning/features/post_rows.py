"""Examples as arrays, in time order, and what was known of them when; posts among them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from groundswell_server.learning.features.post_facts import Example
from groundswell_server.learning.features.post_features import FeatureRows, extract
from groundswell_storage.fields import from_micros, to_micros


class Rows(Protocol):
    """n examples of any kind, oldest first: all that splitting, judging and comparing need of them."""

    @property
    def features(self) -> Any:
        """What a predictor of such examples reads."""

    @property
    def publish_time(self) -> NDArray[np.int64]:
        """(n,) the time of each, microseconds since 1970, ascending."""

    @property
    def known(self) -> NDArray[np.int64]:
        """(n,) when the outcome of each became known, microseconds since 1970."""

    @property
    def personas(self) -> tuple[str, ...]:
        """Who each belongs to; examples of one resemble each other."""

    @property
    def span(self) -> tuple[datetime, datetime]:
        """The time of the first and of the last."""

    def __len__(self) -> int: ...

    def take(self, rows: NDArray[np.intp], /) -> Self:
        """The rows at these positions, which have to ascend."""


@dataclass(frozen=True, slots=True)
class PostRows:
    """n past posts, oldest first."""

    features: FeatureRows
    outcomes: NDArray[np.float64]
    """(n,) genuine engagement rate at the fixed age, percent."""
    publish_time: NDArray[np.int64]
    """(n,) microseconds since 1970, ascending."""
    known: NDArray[np.int64]
    """(n,) when each outcome was measured, microseconds since 1970."""
    personas: tuple[str, ...]

    @classmethod
    def of(cls, examples: Sequence[Example]) -> PostRows:
        """Sorts posts by the time they were published; those without one say nothing of an order and are left out.

        Rates that were all recorded long afterwards, as after an import of old posts, can't have been known in
        between; then each counts as known once its post is out, which is the best order there is.
        """
        dated = [example for example in examples if example.facts.published_time is not None]
        published = np.array([_micros(example.facts.published_time) for example in dated], dtype=np.int64)
        known = np.array([_micros(example.known_time) for example in dated], dtype=np.int64)
        order = np.lexsort((known, published))
        published, known = published[order], known[order]
        if len(order) and np.mean(known <= published[-1]) < 0.5:
            known = published + 1
        ordered = [dated[place] for place in order]
        return cls(
            features=extract([example.facts for example in ordered]),
            outcomes=np.array([example.outcome for example in ordered], dtype=np.float64),
            publish_time=published,
            known=np.maximum(known, published),
            personas=tuple(example.persona_id for example in ordered),
        )

    def __len__(self) -> int:
        return len(self.publish_time)

    def take(self, rows: NDArray[np.intp]) -> PostRows:
        """The rows at these positions, which have to ascend."""
        return PostRows(
            self.features.take(rows),
            self.outcomes[rows],
            self.publish_time[rows],
            self.known[rows],
            tuple(self.personas[row] for row in rows),
        )

    @property
    def span(self) -> tuple[datetime, datetime]:
        """When the first and the last post were published."""
        first, last = self.publish_time[[0, -1]].tolist()
        return from_micros(first), from_micros(last)


@dataclass(frozen=True, slots=True)
class Fold:
    """A part of the examples, and what could be learnt from when it began."""

    past: NDArray[np.intp]
    """Rows whose outcome was known before the first of `future`."""
    future: NDArray[np.intp]


def fold_at(rows: Rows, begin: int, end: int) -> Fold:
    """The examples from `begin` up to `end` as the future of those before them."""
    past = np.flatnonzero(rows.known[:begin] < rows.publish_time[begin])
    return Fold(past, np.arange(begin, end))


def newest(rows: Rows, share: float) -> Fold:
    """The newest share of the examples as the future of those that were known by then."""
    return fold_at(rows, round(len(rows) * (1.0 - share)), len(rows))


def forward_folds(rows: Rows, count: int, first: float, fewest: int = 10) -> Iterator[Fold]:
    """`count` equal parts of the examples after the share `first`, each as the future of all before it.

    Rolling origins (Tashman 2000, "Out-of-sample tests of forecasting accuracy"). Parts with less than `fewest`
    examples to learn from, or none to predict, are left out.
    """
    cuts = np.linspace(len(rows) * first, len(rows), count + 1).astype(int)
    for begin, end in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
        if begin < end and len((fold := fold_at(rows, begin, end)).past) >= fewest:
            yield fold


def _micros(time: datetime | None) -> int:
    if time is None:
        raise ValueError("a post without a time can't be ordered")
    return to_micros(time)
