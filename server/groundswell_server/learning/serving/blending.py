"""A version with the word of its incremental twin, as far as that has proved itself."""

from __future__ import annotations

from dataclasses import replace

from groundswell_server.learning.online import blend
from groundswell_server.learning.prediction.blended_predictor import BlendedPredictor
from groundswell_server.learning.prediction.rate_predictor import RatePredictor
from groundswell_server.learning.serving.served import Served
from groundswell_storage.learning.online import OnlineModel


def with_twin(served: Served, twin: OnlineModel | None) -> Served:
    """The version blended with its twin; as it is where that has no weight beside this version."""
    batch = served.predictor
    if twin is None or twin.model_id != served.model_id or not isinstance(batch, RatePredictor):
        return served
    share = blend.weight(twin)
    if share == 0.0:
        return served
    blended = BlendedPredictor(batch, twin.weights, twin.intercept, share)
    return replace(served, predictor=blended, twin=f"ONLINE_TWIN/{twin.learned_count}")


def without_twin(served: Served) -> Served:
    """The version alone."""
    if not isinstance(served.predictor, BlendedPredictor):
        return served
    return replace(served, predictor=served.predictor.batch, twin="")
