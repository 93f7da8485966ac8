"""How much the twin counts beside the batch model: as much as it has proved. Pure.

weight = n / (n + 200) * b^2 / (b^2 + t^2) over the n outcomes that neither had seen when they predicted them, where b
and t are the mean absolute errors of batch model and twin. The second factor is that of two forecasts with independent
errors (Bates, Granger 1969, "The combination of forecasts"), the first keeps it small while there is little evidence.
It is 0 below 20 outcomes, and as long as the blend has not done better than the batch model alone.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from groundswell_storage.learning.online import OnlineModel

FEWEST_PAIRS = 20
SLOWNESS = 200
"""Outcomes at which half of the full weight is reached."""
MEMORY = 100
"""Outcomes after which an error counts about a third."""


def weight(model: OnlineModel) -> float:
    """The twin's share of a prediction now, 0 to 1."""
    if model.pair_count < FEWEST_PAIRS or model.batch_error is None or model.blended_error is None:
        return 0.0
    return earned(model) if model.blended_error < model.batch_error else 0.0


def earned(model: OnlineModel) -> float:
    """The same before it is asked whether the blend does better."""
    batch, twin = model.batch_error or 0.0, model.paired_error or 0.0
    if batch == 0.0:
        return 0.0
    return model.pair_count / (model.pair_count + SLOWNESS) * batch**2 / (batch**2 + twin**2)


def judged(model: OnlineModel, outcome: float, said: float, batch_said: float | None) -> OnlineModel:
    """The figures of a twin after an outcome, of which it and the batch model had said so much."""
    twin_error = abs(said - outcome)
    model = replace(
        model, learned_count=model.learned_count + 1, error=_mean(model.error, twin_error, model.learned_count)
    )
    if batch_said is None:
        return model
    share, n = earned(model), model.pair_count
    blended = abs(batch_said + share * (said - batch_said) - outcome)
    return replace(
        model,
        pair_count=n + 1,
        paired_error=_mean(model.paired_error, twin_error, n),
        batch_error=_mean(model.batch_error, abs(batch_said - outcome), n),
        blended_error=_mean(model.blended_error, blended, n),
    )


def against(model: OnlineModel, model_id: str) -> OnlineModel:
    """A twin that is compared with this batch version from now on: with another one it has to prove itself anew."""
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


def figures(model: OnlineModel) -> dict[str, Any]:
    """What is told of a twin: all but what it has learnt."""
    told = {name: value for name, value in asdict(model).items() if name not in ("weights", "intercept")}
    return {**told, "weight": weight(model)}


def _mean(before: float | None, value: float, n: int) -> float:
    """The running mean after one more; from `MEMORY` values on the newest weigh most."""
    return value if before is None else before + (value - before) / min(n + 1, MEMORY)
