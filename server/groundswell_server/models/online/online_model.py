"""The twin: a linear model of the root of the rate, fitted by one small step at each outcome (River).

It forgets as it goes, so it follows where a forest has to be trained again; the root keeps large rates from shaking it.
Its state is its weights: JSON, in which nothing runs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from river import linear_model, optim, utils

from groundswell_server.learning.online.inputs import inputs_of
from groundswell_server.learning.online.reading import rate_of

STEP = 0.005
_SHRINKAGE = 1e-4
_STEEPEST = 10.0
"""Gradients are cut here: one odd outcome must not undo what many taught."""
_MOST_CATEGORIES = 32
"""Categories with a weight of their own; others count as none."""


class Twin:
    """Learns; what it has learnt is `weights` and `intercept`."""

    def __init__(self, weights: Mapping[str, float], intercept: float) -> None:
        self._model = linear_model.LinearRegression(
            optimizer=optim.SGD(STEP), l2=_SHRINKAGE, intercept_lr=STEP, clip_gradient=_STEEPEST
        )
        self._model._weights = utils.VectorDict(dict(weights))
        self._model.intercept = intercept
        self._categories = {name for name in weights if name.startswith("category=")}

    @property
    def weights(self) -> dict[str, float]:
        """By input."""
        return {name: float(weight) for name, weight in self._model.weights.items()}

    @property
    def intercept(self) -> float:
        """Of the root of the rate."""
        return float(self._model.intercept)

    def predict(self, values: Sequence[float], category: str | None) -> float:
        """The rate of a post, percent, as serving works it out too."""
        return rate_of(self.weights, self.intercept, inputs_of(values, category))

    def learn(self, values: Sequence[float], category: str | None, rate_pct: float) -> None:
        """One step towards what came of a post."""
        inputs = inputs_of(values, category)
        for name in inputs:
            if name.startswith("category=") and name not in self._categories:
                if len(self._categories) >= _MOST_CATEGORIES:
                    del inputs[name]
                else:
                    self._categories.add(name)
                break
        self._model.learn_one(inputs, math.sqrt(rate_pct))
