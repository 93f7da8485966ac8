"""Past posts as arrays in order of publication."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from groundswell_server.learning.features.post_facts import Example
from groundswell_server.learning.features.post_features import FeatureRows, extract
from groundswell_storage.fields import from_micros, to_micros


@dataclass(frozen=True, slots=True)
class PostRows:
    """n past posts, oldest first."""

    features: FeatureRows
    outcomes: NDArray[np.float64]
    """(n,) genuine engagement rate at the fixed age, percent."""
    publish_time: NDArray[np.int64]
    """(n,) microseconds since 1970, ascending."""
    known: NDArray[np.int64]
    """(n,) the time at which each outcome was measured, microseconds since 1970."""
    personas: tuple[str, ...]

    @classmethod
    def of(cls, examples: Sequence[Example]) -> PostRows:
        """Sorts posts by their time of publication; posts without one are left out.

        If most rates were recorded after the last publication, as by an import of old posts, their order is unknown.
        Each rate then counts as known directly after its post was published.
        """
        dated = [example for example in examples if example.facts.publish_time is not None]
        published = np.array([_micros(example.facts.publish_time) for example in dated], dtype=np.int64)
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
        """Returns the rows at these positions, which must ascend."""
        return PostRows(
            self.features.take(rows),
            self.outcomes[rows],
            self.publish_time[rows],
            self.known[rows],
            tuple(self.personas[row] for row in rows),
        )

    @property
    def span(self) -> tuple[datetime, datetime]:
        """The times of publication of the first and the last post."""
        first, last = self.publish_time[[0, -1]].tolist()
        return from_micros(first), from_micros(last)


def _micros(time: datetime | None) -> int:
    if time is None:
        raise ValueError("a post must have a time of publication to be sorted, got None")
    return to_micros(time)
