"""An online model: a linear model of the square root of a rate, fitted by one gradient step at each outcome (River).

It forgets old outcomes gradually, so it follows changes for which a batch model has to be trained again. The square
root limits the influence of large rates. Its state is its weights: JSON, which contains no code.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from river import linear_model, optim, utils

from groundswell_server.models.online.blend import linear_rate

STEP = 0.005
CATEGORY_PREFIX = "category="
"""Prefix of inputs that stand for a free-text category; their number is limited."""
_SHRINKAGE = 1e-4
_STEEPEST = 10.0
"""Limit of gradients: one outlier must not undo what many outcomes taught."""
_MAX_CATEGORIES = 32
"""The maximum number of categories with a weight; further categories are ignored."""


class OnlineRateModel:
    """A linear model that learns from one outcome at a time; its state is `weights` and `intercept`."""

    def __init__(self, weights: Mapping[str, float], intercept: float) -> None:
        self._model = linear_model.LinearRegression(
            optimizer=optim.SGD(STEP), l2=_SHRINKAGE, intercept_lr=STEP, clip_gradient=_STEEPEST
        )
        self._model._weights = utils.VectorDict(dict(weights))
        self._model.intercept = intercept
        self._categories = {name for name in weights if name.startswith(CATEGORY_PREFIX)}

    @property
    def weights(self) -> dict[str, float]:
        """Weights by input."""
        return {name: float(weight) for name, weight in self._model.weights.items()}

    @property
    def intercept(self) -> float:
        """Intercept of the square root of the rate."""
        return float(self._model.intercept)

    def predict(self, inputs: Mapping[str, float]) -> float:
        """Returns the predicted rate, percent, computed as in serving."""
        return linear_rate(self.weights, self.intercept, inputs)

    def learn(self, inputs: Mapping[str, float], rate_pct: float) -> None:
        """Takes one gradient step towards an outcome."""
        known = dict(inputs)
        for name in inputs:
            if name.startswith(CATEGORY_PREFIX) and name not in self._categories:
                if len(self._categories) >= _MAX_CATEGORIES:
                    del known[name]
                else:
                    self._categories.add(name)
                break
        self._model.learn_one(known, math.sqrt(rate_pct))
