"""Labelled examples of texts and accounts as arrays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundswell_storage.fields import from_micros, to_micros

MIN_PER_LABEL = 5
"""The number of examples from which a label is learnt; examples of rarer labels are left out."""


@dataclass(frozen=True, slots=True)
class LabelledExample:
    """An example with its label."""

    subject: Any
    """A text, or `ProfileFacts`."""
    label: str
    group: str
    """Examples of one group are never on both sides of a split."""
    added: datetime
    persona_id: str = ""


@dataclass(frozen=True, slots=True)
class LabelledRows:
    """n labelled examples, in the order in which they were added."""

    features: Any
    """The input of the predictor: a list of texts, or an array (n, features)."""
    labels: NDArray[np.int64]
    """(n,) the position of each label in `classes`."""
    classes: tuple[str, ...]
    groups: tuple[str, ...]
    added: NDArray[np.int64]
    """(n,) microseconds since 1970, ascending."""
    personas: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    """The labels with too few examples."""

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: NDArray[np.intp]) -> LabelledRows:
        """Returns the rows at these positions."""
        features = self.features
        return LabelledRows(
            features[rows] if isinstance(features, np.ndarray) else [features[row] for row in rows],
            self.labels[rows],
            self.classes,
            tuple(self.groups[row] for row in rows),
            self.added[rows],
            tuple(self.personas[row] for row in rows),
        )

    @property
    def publish_time(self) -> NDArray[np.int64]:
        """(n,) the time at which each example was added."""
        return self.added

    @property
    def known(self) -> NDArray[np.int64]:
        """As `published`, because an example comes with its label."""
        return self.added

    @property
    def span(self) -> tuple[datetime, datetime]:
        """The times at which the first and the last example were added."""
        first, last = int(self.added.min()), int(self.added.max())
        return from_micros(first), from_micros(last)


def usable_examples(
    examples: Sequence[LabelledExample], labels: Sequence[str]
) -> tuple[list[LabelledExample], tuple[str, ...], tuple[str, ...]]:
    """Returns the usable examples in the order in which they were added, the labels, and the labels left out.

    `labels` are those of the model type in its order; if empty, the labels are those found, in alphabetical order.
    """
    counts = Counter(example.label for example in examples)
    rare = tuple(sorted(label for label, count in counts.items() if count < MIN_PER_LABEL))
    ordered = sorted(
        (example for example in examples if example.label not in rare),
        key=lambda example: (example.added, example.group, example.label),
    )
    return ordered, tuple(labels) or tuple(sorted(counts.keys() - set(rare))), rare


def labelled_rows(
    features: Any,
    examples: Sequence[LabelledExample],
    groups: Sequence[str],
    classes: Sequence[str],
    rare: Sequence[str],
) -> LabelledRows:
    """Returns the rows of examples with the given features and groups."""
    places = {label: place for place, label in enumerate(classes)}
    return LabelledRows(
        features=features,
        labels=np.array([places[example.label] for example in examples], dtype=np.int64),
        classes=tuple(classes),
        groups=tuple(groups),
        added=np.array([to_micros(example.added) for example in examples], dtype=np.int64),
        personas=tuple(example.persona_id for example in examples),
        left_out=tuple(rare),
    )
