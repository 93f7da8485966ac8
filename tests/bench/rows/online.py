"""The cost that the online model adds to a score."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Sequence

from groundswell.v1 import learning_pb2
from groundswell_server.learning.features.post_features import category, feature_values
from groundswell_server.learning.online.blended_predictor import BlendedPredictor
from groundswell_server.learning.online.inputs import inputs_of
from groundswell_server.learning.online.learner import TYPE
from groundswell_server.learning.predictors.rate_predictor import RatePredictor
from groundswell_server.models import model_types
from groundswell_server.models.model_files import load_predictor
from groundswell_server.models.model_type import TrainingSettings
from groundswell_server.models.online.online_model import OnlineRateModel
from groundswell_server.models.training.trainer import train
from groundswell_storage.database import connect
from groundswell_storage.events.topics import ONLINE_LEARNED
from groundswell_storage.learning import model_versions, online
from groundswell_storage.learning.online import OnlineModel
from tests.bench import requests
from tests.bench.measure import ROUNDS, Subject, compare
from tests.bench.stage import Stage
from tests.bench.table import Row
from tests.learning.simulated_posts import simulate

LEARNT = 250
"""Outcomes that the online model has learnt from."""
PATIENCE_SECONDS = 30
PREDICTIONS = 2_000
LIMIT = 2.2


async def score_content_with_online_model(stage: Stage) -> Sequence[Row]:
    """ScoreContent of a draft by the batch model alone, and blended with an online model; both in echo calls."""
    async with requests.stubs(stage) as (engagement, learning_stub, echoed):
        pid = stage.suite.process.pid
        request = learning_pb2.ScoreContentRequest(draft=requests.draft(await requests.persona(engagement)))
        subject = Subject("ScoreContent", lambda: learning_stub.ScoreContent(request), pid)
        alone = await compare(subject, echoed)
        _put_online_model(stage)
        for _ in range(PATIENCE_SECONDS * 10):
            if any("ONLINE_MODEL" in name for name in (await subject.call()).score.model_versions):  # type: ignore[attr-defined]
                break
            await asyncio.sleep(0.1)
        else:
            raise RuntimeError("the online model has no part in the scores")
        blended = await compare(subject, echoed)
    batch_us, blended_us = _in_process()
    return [
        Row(
            "ScoreContent, a draft, blended with the online model",
            f"{blended.ratio:.2f} echo calls, {alone.ratio:.2f} without",
            f"a prediction in process {blended_us:.0f} us, {batch_us:.0f} us without",
            f"at most {LIMIT}",
            blended.ratio <= LIMIT,
        )
    ]


def _put_online_model(stage: Stage) -> None:
    """An online model that has done better than the live version."""
    model = _online_model()
    database = connect(stage.suite.database_url)
    with database.scope("default") as scope:
        live = model_versions.live_version(scope, TYPE)
        assert live is not None
        better = OnlineModel(
            weights=model.weights,
            intercept=model.intercept,
            learned_count=LEARNT,
            error=1.0,
            model_id=live.id,
            pair_count=LEARNT,
            paired_error=1.0,
            batch_error=1.2,
            blended_error=0.9,
            alpha=None,
        )
        online.put(scope, TYPE, better)
        scope.publish(ONLINE_LEARNED, TYPE, {})
    database.close()


def _online_model() -> OnlineRateModel:
    """An online model that has learnt from simulated posts."""
    model = OnlineRateModel({}, 0.0)
    for example in simulate(LEARNT, seed=1).examples:
        model.learn(inputs_of(feature_values(example.facts), category(example.facts)), example.outcome)
    return model


def _in_process() -> tuple[float, float]:
    """CPU microseconds of a prediction by the batch model and of a blended one, measured in turn."""
    examples = simulate(500, seed=1).examples
    files = train(model_types.get(TYPE), examples, TrainingSettings()).files
    batch, model = load_predictor(files.onnx, files.card), _online_model()
    assert isinstance(batch, RatePredictor)
    blended = BlendedPredictor(batch, model.weights, model.intercept, 0.3)
    given = feature_values(examples[0].facts), category(examples[0].facts)

    def cost(predictor: RatePredictor) -> float:
        started = time.process_time()
        for _ in range(PREDICTIONS):
            predictor.predict_values_with_probability(*given, 5.0)
        return (time.process_time() - started) / PREDICTIONS * 1e6

    pairs = [(cost(batch), cost(blended)) for _ in range(ROUNDS)]
    return statistics.median(one for one, _ in pairs), statistics.median(other for _, other in pairs)
