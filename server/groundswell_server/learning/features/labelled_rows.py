"""Labelled examples as arrays: what somebody said a text or an account is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundswell_storage.fields import from_micros, to_micros

FEWEST_OF_A_LABEL = 5
"""Examples without which a label can't be learnt; those of rarer ones are left out."""


@dataclass(frozen=True, slots=True)
class LabelledExample:
    """One example and its label."""

    subject: Any
    """A text, or `ProfileFacts`."""
    label: str
    group: str
    """Examples of one group are never learnt from and tested on at once."""
    added: datetime
    persona_id: str = ""


@dataclass(frozen=True, slots=True)
class LabelledRows:
    """n labelled examples, in the order in which they were added."""

    features: Any
    """What a predictor of such examples reads: a list of texts, or an array (n, features)."""
    labels: NDArray[np.int64]
    """(n,) place of each one's label among `classes`."""
    classes: tuple[str, ...]
    groups: tuple[str, ...]
    added: NDArray[np.int64]
    """(n,) microseconds since 1970, ascending."""
    personas: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    """Labels with too few examples."""

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: NDArray[np.intp]) -> LabelledRows:
        """The rows at these positions."""
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
        """When each was added."""
        return self.added

    @property
    def known(self) -> NDArray[np.int64]:
        """As `published`: an example comes with its label."""
        return self.added

    @property
    def span(self) -> tuple[datetime, datetime]:
        """When the first and the last were added."""
        first, last = int(self.added.min()), int(self.added.max())
        return from_micros(first), from_micros(last)


def usable_examples(
    examples: Sequence[LabelledExample], labels: Sequence[str]
) -> tuple[list[LabelledExample], tuple[str, ...], tuple[str, ...]]:
    """The examples in the order in which they were added, their labels, and the labels that were left out.

    `labels` are those of the type, in its order; any, in alphabetical order, when there are none.
    """
    counts = Counter(example.label for example in examples)
    rare = tuple(sorted(label for label, count in counts.items() if count < FEWEST_OF_A_LABEL))
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
    """Examples with their features and groups, which somebody has worked out."""
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
