"""Learning from outcomes as they become known: what was expected is written down before the twin learns.

The level of the live version's intervals learns with it, from the outcomes that they missed.

Reading and learning hold no transaction. What comes of it is written in one short one, with the consumer's place in the
log: another worker that was faster leaves nothing to write, and no outcome is learnt twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, cast

import structlog

from groundswell_server.learning.features.post_features import category, feature_values
from groundswell_server.learning.online.outcome_events import CONSUMER, News
from groundswell_server.learning.training import post_examples as dataset
from groundswell_server.models import registry
from groundswell_server.models.artifacts.artifact_store import ArtifactStore
from groundswell_server.models.artifacts.model_files import load_stored
from groundswell_server.models.online import blend
from groundswell_server.models.uncertainty.conformal import adapt
from groundswell_storage import consumers
from groundswell_storage.database import Database
from groundswell_storage.errors import DataLoss, Unavailable
from groundswell_storage.learning import model_versions, online
from groundswell_storage.learning.model_versions import ModelVersion
from groundswell_storage.learning.online import LearntOutcome, OnlineModel
from groundswell_storage.scope import Scope
from groundswell_storage.topics import ONLINE_LEARNED

if TYPE_CHECKING:
    from groundswell_server.learning.features.post_facts import Example
    from groundswell_server.learning.predictors.rate_predictor import RatePredictor
    from groundswell_server.models.predictions import Prediction

TYPE = registry.ENGAGEMENT
NEW = OnlineModel({}, 0.0, 0, None, "", 0, None, None, None, None)
"""A twin that has learnt nothing."""
_MOST_LOADED = 32

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a twin has become, and by which outcomes."""

    model: OnlineModel
    outcomes: Sequence[LearntOutcome]


class Learner:
    """One for a worker: it keeps the batch models that it compares with."""

    def __init__(self, store: ArtifactStore | None = None) -> None:
        self._store = store or ArtifactStore()
        self._loaded: dict[str, RatePredictor | None] = {}
        """By version; None for one that is damaged."""

    def learn(self, database: Database, news: News, target_age: timedelta) -> int:
        """Learns from news; returns how many outcomes were learnt, 0 when another worker was faster."""
        database.bind()
        lessons: dict[str, Lesson] = {}
        for workspace, post_ids in news.posts.items():
            scope = Scope(database, workspace, "system", database.now())
            try:
                lessons[workspace] = self.study(scope, post_ids, target_age)
            except Unavailable:
                raise
            except Exception:
                # What one workspace has must not keep the others from learning, for ever.
                log.exception("outcomes not learnt", workspace=workspace, posts=len(post_ids))
        with database.transaction():
            if not consumers.advance(database, CONSUMER, news.before, news.after):
                return 0
            for workspace, lesson in lessons.items():
                _keep(Scope(database, workspace, "system", database.now()), lesson)
        return sum(len(lesson.outcomes) for lesson in lessons.values())

    def study(self, scope: Scope, post_ids: Sequence[str], target_age: timedelta) -> Lesson:
        """What the outcomes of posts teach, as far as they are known and new; `scope` needs no transaction."""
        model = online.find(scope, TYPE) or NEW
        known = online.learnt(scope, TYPE, post_ids)
        examples = dataset.read_examples_of(scope, [id for id in post_ids if id not in known], target_age)
        if not examples:
            return Lesson(model, ())
        # River comes with it.
        from groundswell_server.models.online.online_model import Twin

        live = model_versions.live_version(scope, TYPE)
        model = blend.against(model, "" if live is None else live.id)
        batch, twin, learnt = self._predictor(scope, live), Twin(model.weights, model.intercept), []
        for example in sorted(examples, key=lambda one: one.known_time):
            values, name = feature_values(example.facts), category(example.facts)
            said, batch_said = twin.predict(values, name), None
            if batch is not None and _is_new_to(live, example):
                expected = batch.promising(model.alpha).predict_one(example.facts, persona_id=example.persona_id)
                model, batch_said = _with_level(model, batch, expected, said, example.outcome), expected.value
            model = blend.judged(model, example.outcome, said, batch_said)
            learnt.append(LearntOutcome(example.post_id, example.outcome, said, batch_said))
            twin.learn(values, name, example.outcome)
        return Lesson(replace(model, weights=twin.weights, intercept=twin.intercept), learnt)

    def _predictor(self, scope: Scope, live: ModelVersion | None) -> RatePredictor | None:
        if live is None:
            return None
        if live.id not in self._loaded:
            if len(self._loaded) >= _MOST_LOADED:
                self._loaded.clear()
            self._loaded[live.id] = _load(self._store, scope, live)
        return self._loaded[live.id]


def _keep(scope: Scope, lesson: Lesson) -> None:
    if lesson.outcomes:
        online.put(scope, TYPE, lesson.model)
        online.add_outcomes(scope, TYPE, lesson.outcomes)
        scope.publish(ONLINE_LEARNED, TYPE, blend.figures(lesson.model))


def _load(store: ArtifactStore, scope: Scope, live: ModelVersion) -> RatePredictor | None:
    try:
        artifacts = store.read(scope, live.id)
        registry.check_whole(live, artifacts)
        return cast("RatePredictor", load_stored(artifacts))
    except DataLoss as error:
        log.error("twin goes on without the batch model", model=live.id, error=error.message)
        return None


def _is_new_to(live: ModelVersion | None, example: Example) -> bool:
    """Whether a version has not learnt from a post: what it has learnt from it knows by heart."""
    published = example.facts.published_time
    return live is not None and published is not None and published > live.result.data_end


def _with_level(
    model: OnlineModel, batch: RatePredictor, expected: Prediction, said: float, outcome: float
) -> OnlineModel:
    """The level of the version's intervals after an outcome that the interval in service has held or missed."""
    moved = blend.weight(model) * (said - expected.value)
    missed = not expected.lower + moved <= outcome <= expected.upper + moved
    before = batch.conformal.alpha if model.alpha is None else model.alpha
    return replace(model, alpha=adapt(before, [missed], target=batch.conformal.target))
