"""A version with what its live outcomes have taught: the level of its intervals, and its incremental twin's word."""

from __future__ import annotations

from dataclasses import replace

from groundswell_server.learning.online.blended_predictor import BlendedPredictor
from groundswell_server.learning.predictors.rate_predictor import RatePredictor
from groundswell_server.models.online import blend
from groundswell_server.models.serving.served_model import Served
from groundswell_storage.learning.online import OnlineModel


def with_twin(served: Served, twin: OnlineModel | None) -> Served:
    """The version as its outcomes have adapted it, blended with its twin where that has a weight beside it."""
    batch = served.predictor
    if twin is None or twin.model_id != served.model_id or not isinstance(batch, RatePredictor):
        return served
    adapted = batch.promising(twin.alpha)
    share = blend.weight(twin)
    if share == 0.0:
        return replace(served, predictor=adapted)
    blended = BlendedPredictor(adapted, twin.weights, twin.intercept, share)
    return replace(served, predictor=blended, twin=f"ONLINE_TWIN/{twin.learned_count}")


def without_twin(served: Served) -> Served:
    """The version alone, as it was trained."""
    if not isinstance(served.predictor, RatePredictor):
        return served
    return replace(served, predictor=served.predictor.promising(None), twin="")
