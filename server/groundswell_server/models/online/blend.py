"""The weight of an online model beside the batch model. Pure functions.

weight = n / (n + 200) * b^2 / (b^2 + o^2) over the n outcomes that neither model had seen when it predicted them, where
b and o are the mean absolute errors of the batch and the online model. The second factor is that of two forecasts with
independent errors (Bates, Granger 1969, "The combination of forecasts"); the first one keeps the weight small while
there is little evidence. The weight is 0 below 20 outcomes, and while the blend is not better than the batch model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from groundswell_storage.learning.online import OnlineModel

MIN_PAIRS = 20
SLOWNESS = 200
"""Number of outcomes at which half of the full weight is reached."""
MEMORY = 100
"""Number of outcomes after which the influence of an error has fallen to about a third."""


def weight(model: OnlineModel) -> float:
    """Returns the share of the online model in a prediction now, 0 to 1."""
    if model.pair_count < MIN_PAIRS or model.batch_error is None or model.blended_error is None:
        return 0.0
    return potential_weight(model) if model.blended_error < model.batch_error else 0.0


def potential_weight(model: OnlineModel) -> float:
    """Returns the weight without the condition that the blend is better than the batch model."""
    batch, online = model.batch_error or 0.0, model.paired_error or 0.0
    if batch == 0.0:
        return 0.0
    return model.pair_count / (model.pair_count + SLOWNESS) * batch**2 / (batch**2 + online**2)


def with_outcome(model: OnlineModel, outcome: float, predicted: float, batch_predicted: float | None) -> OnlineModel:
    """Returns the error statistics after an outcome and the predictions of both models for it."""
    error = abs(predicted - outcome)
    model = replace(model, learned_count=model.learned_count + 1, error=_mean(model.error, error, model.learned_count))
    if batch_predicted is None:
        return model
    share, n = potential_weight(model), model.pair_count
    blended = abs(batch_predicted + share * (predicted - batch_predicted) - outcome)
    return replace(
        model,
        pair_count=n + 1,
        paired_error=_mean(model.paired_error, error, n),
        batch_error=_mean(model.batch_error, abs(batch_predicted - outcome), n),
        blended_error=_mean(model.blended_error, blended, n),
    )


def compared_with(model: OnlineModel, model_id: str) -> OnlineModel:
    """Returns the online model, compared with this batch version from now on; a new comparison starts empty."""
    if model.model_id == model_id:
        return model
    return replace(
        model,
        model_id=model_id,
        pair_count=0,
        paired_error=None,
        batch_error=None,
        blended_error=None,
        alpha=None,
    )


def statistics(model: OnlineModel) -> dict[str, Any]:
    """Returns the error statistics and the weight, without the coefficients."""
    found = {name: value for name, value in asdict(model).items() if name not in ("weights", "intercept")}
    return {**found, "weight": weight(model)}


def linear_rate(weights: Mapping[str, float], intercept: float, inputs: Mapping[str, float]) -> float:
    """Returns the rate, percent, that a linear model of its square root predicts; unknown inputs have no weight.

    Serving needs no River for it.
    """
    root = intercept
    for name, value in inputs.items():
        if name in weights:
            root += weights[name] * value
    return root * root if root > 0.0 else 0.0


def _mean(before: float | None, value: float, n: int) -> float:
    """Returns the running mean after another value; from `MEMORY` values on, the newest weigh most."""
    return value if before is None else before + (value - before) / min(n + 1, MEMORY)
