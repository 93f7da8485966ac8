"""Adapts the live engagement predictor to recent outcomes: the level of its intervals, and its online model."""

from __future__ import annotations

from dataclasses import replace

from groundswell_server.learning.online.blended_predictor import BlendedPredictor
from groundswell_server.learning.predictors.rate_predictor import RatePredictor
from groundswell_server.models.online import blend
from groundswell_server.models.serving.served_model import ServedModel
from groundswell_storage.learning.online import OnlineModel


def with_online_model(served: ServedModel, online: OnlineModel | None) -> ServedModel:
    """Returns the version with adapted intervals, blended with its online model where that has a weight."""
    batch = served.predictor
    if online is None or online.model_id != served.model_id or not isinstance(batch, RatePredictor):
        return served
    adapted = batch.promising(online.alpha)
    share = blend.weight(online)
    if share == 0.0:
        return replace(served, predictor=adapted)
    blended = BlendedPredictor(adapted, online.weights, online.intercept, share)
    return replace(served, predictor=blended, online_label=f"ONLINE_MODEL/{online.learned_count}")
