"""Learns from outcomes as they become known. Each model's prediction is recorded before the online model learns.

The level of the live version's intervals adapts with it, by the outcomes that the intervals missed.

Reading and learning hold no transaction. The results are written in one short transaction together with the consumer's
position in the event log: a worker that loses the race writes nothing, and no outcome is learnt twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, cast

import structlog

from groundswell_server.learning.enums import ENGAGEMENT
from groundswell_server.learning.features.post_features import category, feature_values
from groundswell_server.learning.online.inputs import inputs_of
from groundswell_server.learning.online.outcome_events import CONSUMER, ChangedPosts
from groundswell_server.learning.training import post_examples
from groundswell_server.models import registry
from groundswell_server.models.artifacts.artifact_store import ArtifactStore
from groundswell_server.models.model_files import load_stored
from groundswell_server.models.online import blend
from groundswell_server.models.uncertainty.conformal import adapt
from groundswell_storage.database import Database
from groundswell_storage.errors import DataLoss, Unavailable
from groundswell_storage.events import consumers
from groundswell_storage.events.topics import ONLINE_LEARNED
from groundswell_storage.learning import model_versions, online
from groundswell_storage.learning.model_versions import ModelVersion
from groundswell_storage.learning.online import LearntOutcome, OnlineModel
from groundswell_storage.scope import Scope

if TYPE_CHECKING:
    from groundswell_server.learning.features.post_facts import Example
    from groundswell_server.learning.predictors.rate_predictor import RatePredictor
    from groundswell_server.models.predictions import Prediction

TYPE = ENGAGEMENT
NEW = OnlineModel({}, 0.0, 0, None, "", 0, None, None, None, None)
"""An online model that has learnt nothing."""
_MAX_LOADED = 32

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Lesson:
    """An online model after learning, with the outcomes that it learnt."""

    model: OnlineModel
    outcomes: Sequence[LearntOutcome]


class Learner:
    """Learns for all workspaces of a worker, and caches the batch models that it compares with."""

    def __init__(self, store: ArtifactStore | None = None) -> None:
        self._store = store or ArtifactStore()
        self._loaded: dict[str, RatePredictor | None] = {}
        """By version; None for a damaged one."""

    def learn(self, database: Database, changes: ChangedPosts, target_age: timedelta) -> int:
        """Learns the outcomes of changed posts. Returns their number; 0 if another worker did it first."""
        database.bind()
        lessons: dict[str, Lesson] = {}
        for workspace, post_ids in changes.posts.items():
            scope = Scope(database, workspace, "system", database.now())
            try:
                lessons[workspace] = self.study(scope, post_ids, target_age)
            except Unavailable:
                raise
            except Exception:
                # Bad data in one workspace must not block the other workspaces permanently.
                log.exception("outcomes not learnt", workspace=workspace, posts=len(post_ids))
        with database.transaction():
            if not consumers.advance(database, CONSUMER, changes.before, changes.after):
                return 0
            for workspace, lesson in lessons.items():
                _store(Scope(database, workspace, "system", database.now()), lesson)
        return sum(len(lesson.outcomes) for lesson in lessons.values())

    def study(self, scope: Scope, post_ids: Sequence[str], target_age: timedelta) -> Lesson:
        """Learns the outcomes of posts that are known and new, without storing them; `scope` needs no transaction."""
        model = online.find(scope, TYPE) or NEW
        known = online.learnt(scope, TYPE, post_ids)
        examples = post_examples.read_examples_of(scope, [id for id in post_ids if id not in known], target_age)
        if not examples:
            return Lesson(model, ())
        # It imports River.
        from groundswell_server.models.online.online_model import OnlineRateModel

        live = model_versions.live_version(scope, TYPE)
        model = blend.compared_with(model, "" if live is None else live.id)
        batch, linear, learnt = self._predictor(scope, live), OnlineRateModel(model.weights, model.intercept), []
        for example in sorted(examples, key=lambda one: one.known_time):
            inputs = inputs_of(feature_values(example.facts), category(example.facts))
            predicted, batch_predicted = linear.predict(inputs), None
            if batch is not None and _is_unseen(live, example):
                expected = batch.with_alpha(model.alpha).predict_one(example.facts, persona_id=example.persona_id)
                model = _with_adapted_level(model, batch, expected, predicted, example.outcome)
                batch_predicted = expected.value
            model = blend.with_outcome(model, example.outcome, predicted, batch_predicted)
            learnt.append(LearntOutcome(example.post_id, example.outcome, predicted, batch_predicted))
            linear.learn(inputs, example.outcome)
        return Lesson(replace(model, weights=linear.weights, intercept=linear.intercept), learnt)

    def _predictor(self, scope: Scope, live: ModelVersion | None) -> RatePredictor | None:
        if live is None:
            return None
        if live.id not in self._loaded:
            if len(self._loaded) >= _MAX_LOADED:
                self._loaded.clear()
            self._loaded[live.id] = _load(self._store, scope, live)
        return self._loaded[live.id]


def _store(scope: Scope, lesson: Lesson) -> None:
    if lesson.outcomes:
        online.put(scope, TYPE, lesson.model)
        online.add_outcomes(scope, TYPE, lesson.outcomes)
        scope.publish(ONLINE_LEARNED, TYPE, blend.statistics(lesson.model))


def _load(store: ArtifactStore, scope: Scope, live: ModelVersion) -> RatePredictor | None:
    try:
        artifacts = store.read(scope, live.id)
        registry.require_intact(live, artifacts)
        return cast("RatePredictor", load_stored(artifacts))
    except DataLoss as error:
        log.error("online model learns without the batch model", model=live.id, error=error.message)
        return None


def _is_unseen(live: ModelVersion | None, example: Example) -> bool:
    """Returns True if the version has not learnt from the post; its error on training posts is too small."""
    published = example.facts.publish_time
    return live is not None and published is not None and published > live.result.data_end


def _with_adapted_level(
    model: OnlineModel, batch: RatePredictor, expected: Prediction, predicted: float, outcome: float
) -> OnlineModel:
    """Returns the model with the interval level adapted to an outcome inside or outside the served interval."""
    moved = blend.weight(model) * (predicted - expected.value)
    missed = not expected.lower + moved <= outcome <= expected.upper + moved
    before = batch.conformal.alpha if model.alpha is None else model.alpha
    return replace(model, alpha=adapt(before, [missed], target=batch.conformal.target))
