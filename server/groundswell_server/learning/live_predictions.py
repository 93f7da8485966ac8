"""Answers prediction calls from the live models, with the facts they need read from a cache where possible."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple, TypeVar

from groundswell_server.events.event_consumers import invalidate_on
from groundswell_server.learning.enums import BOTS, CONVERSION, ENGAGEMENT
from groundswell_server.learning.features.content import ContentQuery, facts_of
from groundswell_server.learning.features.post_facts import PostFacts
from groundswell_server.learning.features.profile_facts import ProfileFacts
from groundswell_server.learning.labels.classification import Classified, classify, classify_profiles
from groundswell_server.learning.online.blended_predictor import with_online_model
from groundswell_server.learning.scoring.live_scorer import LiveScorer
from groundswell_server.learning.scoring.optimizer import Aim, Optimization, Optimizer
from groundswell_server.learning.scoring.scorer import Score
from groundswell_server.learning.serving import fact_cache
from groundswell_server.learning.serving.fact_cache import Background, FactCache
from groundswell_server.learning.serving.label_log import LabelLog
from groundswell_server.learning.serving.prediction_log import PredictionLog
from groundswell_server.learning.serving.rate_history import RateHistory
from groundswell_server.models.artifacts.artifact_store import ArtifactStore
from groundswell_server.models.predictions import Prediction
from groundswell_server.models.predictor import DEFAULT_LEVEL
from groundswell_server.models.rollouts.rollout_membership import RolloutMembership
from groundswell_server.models.serving.live_models import LiveModels
from groundswell_server.models.serving.served_model import ServedModel
from groundswell_storage.events.events import Event
from groundswell_storage.events.feed import EventFeed
from groundswell_storage.events.topics import MODEL_CHANGED, ONLINE_LEARNED, ROLLOUT_CHANGED
from groundswell_storage.executor import DatabaseExecutor
from groundswell_storage.learning import online
from groundswell_storage.scope import Scope

T = TypeVar("T")

_MODEL_TOPICS = MODEL_CHANGED, ONLINE_LEARNED, ROLLOUT_CHANGED


class Prepared(NamedTuple):
    """A piece of content with everything that the models need."""

    workspace: str
    context_id: str
    """Empty for a draft without a context."""
    facts: PostFacts
    persona_id: str
    history: RateHistory | None
    """Past rates that the predicted rate is compared with."""
    live: LiveScorer
    """The versions that serve its persona."""
    now: datetime
    """Time of the preparation."""

    def optimize(self, aim: Aim) -> Optimization:
        """Finds improvements. A publication time in the past is treated as the present."""
        now = min(self.now, self.facts.publish_time or self.now)
        return Optimizer(self.live.scorer, self.history, now, self.persona_id).optimize(self.facts, aim)


class LivePredictions:
    """The predictions of one server; used on its event loop."""

    def __init__(
        self,
        executor: DatabaseExecutor,
        store: ArtifactStore,
        memberships: RolloutMembership,
        *,
        target_age: timedelta,
        success_threshold_pct: float,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._executor = executor
        self._memberships = memberships
        self._clock = clock
        build = partial(LiveScorer.of, threshold_pct=success_threshold_pct)
        self._models = LiveModels(self._read, store, build, adapt=self._with_online_model)
        self._facts = FactCache(target_age)
        self._log = PredictionLog(executor)
        self._labels = LabelLog(executor)

    async def prepare(self, workspace: str, query: ContentQuery, needs: str = "") -> Prepared:
        """Collects the facts about content; `needs` is as in `live`. Raises NotFound."""
        live = await self.live(workspace, needs)
        background = self._facts.find(workspace, query)
        if background is None:
            (background,) = await self._read_facts(workspace, [query])
        if live.under_rollout:
            live = await self._for_persona(workspace, live, background.persona_id)
        return _prepared(workspace, query, live, background, self._clock())

    def score(self, prepared: Prepared) -> Score:
        """Scores content by the live models, or by rules."""
        score = prepared.live.scorer.score_one(prepared.facts, prepared.history, prepared.persona_id)
        self.record(prepared, score)
        return score

    async def optimize(self, prepared: Prepared, aim: Aim) -> Optimization:
        """Finds improvements of content in a thread beside the event loop."""
        found = await asyncio.to_thread(prepared.optimize, aim)
        self.record(prepared, found.current)
        return found

    def predict(
        self, prepared: Prepared, model_type: str, level: float = DEFAULT_LEVEL
    ) -> tuple[ServedModel, Prediction]:
        """Predicts with the live version of a type. Raises FailedPrecondition (`MODEL_NOT_LIVE`)."""
        served, facts, persona_id = prepared.live.served(model_type), prepared.facts, prepared.persona_id
        usual = served.predictor.predict_one(facts, persona_id=persona_id)
        self._record(prepared, served, usual)
        if level == DEFAULT_LEVEL:
            return served, usual
        return served, served.predictor.predict_one(facts, level=level, persona_id=persona_id)

    def record(self, prepared: Prepared, score: Score) -> None:
        """Stores the predictions behind the score of a stored context, to compare them with its outcome."""
        live = prepared.live
        if prepared.context_id and live.engagement is not None and score.engagement is not None:
            self._record(prepared, live.engagement, score.engagement)
            if live.success is not None and score.success_probability is not None:
                self._record(prepared, live.success, Prediction(score.success_probability, -math.inf, math.inf))

    def predict_conversion(self, prepared: Prepared) -> tuple[ServedModel, Prediction]:
        """Predicts the probability of a conversion. Raises FailedPrecondition (`MODEL_NOT_LIVE`)."""
        served = prepared.live.served(CONVERSION)
        found = served.predictor.predict_one(prepared.facts)
        self._labels.record_conversion(
            prepared.workspace, served.model_id, prepared.context_id, prepared.facts, found, prepared.now
        )
        return served, found

    async def classify(self, workspace: str, model_type: str, texts: Sequence[str]) -> Classified:
        """Classifies texts. Raises FailedPrecondition (`MODEL_NOT_LIVE`), InvalidArgument for a type of other data."""
        live = await self.live(workspace, needs=model_type)
        found = await asyncio.to_thread(classify, live, model_type, texts)
        if found.served is not None:
            probabilities = [dict(one.probabilities) for one in found.classes]
            self._labels.record_texts(workspace, found.served.model_id, texts, probabilities, self._clock())
        return found

    async def classify_profiles(
        self, workspace: str, profiles: Sequence[ProfileFacts]
    ) -> tuple[ServedModel, list[Prediction]]:
        """Predicts the probability that accounts are bots. Raises FailedPrecondition (`MODEL_NOT_LIVE`)."""
        served = (await self.live(workspace)).served(BOTS)
        found = await asyncio.to_thread(classify_profiles, served.predictor, profiles)
        self._labels.record_profiles(workspace, served.model_id, profiles, found, self._clock())
        return served, found

    async def live(self, workspace: str, needs: str = "") -> LiveScorer:
        """Returns the live versions, read again from the database if the type `needs` has none.

        The cache may be a moment old, and a caller must not be refused a model that it has just promoted.
        """
        live = self._models.get(workspace) or await self._models.load(workspace)
        if needs and needs not in live.by_type:
            live = await self._models.reload(workspace)
        return live

    async def score_all(self, workspace: str, queries: Sequence[ContentQuery]) -> tuple[list[Score], list[LiveScorer]]:
        """Scores many pieces of content beside the event loop; returns the versions behind each score as well."""
        live = await self.live(workspace)
        backgrounds = [self._facts.find(workspace, query) for query in queries]
        missing = [place for place, known in enumerate(backgrounds) if known is None]
        found = await self._read_facts(workspace, [queries[place] for place in missing]) if missing else []
        for place, background in zip(missing, found, strict=True):
            backgrounds[place] = background
        known = [background for background in backgrounds if background is not None]
        lives = [live] * len(queries)
        if live.under_rollout:
            personas = {one.persona_id for one in known}
            serving = {id: await self._for_persona(workspace, live, id) for id in personas}
            lives = [serving[one.persona_id] for one in known]
        prepared, scores = await asyncio.to_thread(_score_all, workspace, queries, lives, known, self._clock())
        for one, score in zip(prepared, scores, strict=True):
            self.record(one, score)
        return scores, lives

    async def follow(self, feed: EventFeed) -> None:
        """Keeps the caches consistent with the event log as long as the server runs."""
        await invalidate_on(feed, (*_MODEL_TOPICS, *fact_cache.TOPICS), on_gap=self._on_gap, on_event=self._on_event)

    async def flush(self) -> None:
        """Writes all recorded predictions, so that a following read finds them."""
        await asyncio.gather(self._log.flush(), self._labels.flush())

    async def _for_persona(self, workspace: str, live: LiveScorer, persona_id: str) -> LiveScorer:
        """Returns the versions for a persona during rollouts; content without a persona gets the live versions."""
        if not persona_id:
            return live
        return live.with_rollouts(await self._memberships.rollouts_of(workspace, live.under_rollout, persona_id))

    async def _with_online_model(self, workspace: str, found: Mapping[str, ServedModel]) -> Mapping[str, ServedModel]:
        if ENGAGEMENT not in found:
            return found
        state = await self._read(workspace, online.find, ENGAGEMENT)
        return {**found, ENGAGEMENT: with_online_model(found[ENGAGEMENT], state)}

    async def _read_facts(self, workspace: str, queries: Sequence[ContentQuery]) -> list[Background]:
        """Reads the facts that the cache lacks for these queries, in one database task."""
        mark = self._facts.mark()
        backgrounds, found = await self._read(workspace, self._facts.read, queries)
        self._facts.store(found, mark)
        return backgrounds

    def _on_gap(self) -> None:
        self._facts.clear()
        self._models.on_gap()

    def _on_event(self, event: Event) -> None:
        if event.topic in _MODEL_TOPICS:
            self._models.on_change(event.workspace)
        else:
            self._facts.on_event(event)

    def _record(self, prepared: Prepared, served: ServedModel, predicted: Prediction) -> None:
        self._log.record(
            prepared.workspace, prepared.context_id, served.model_id, predicted, prepared.facts, prepared.now
        )

    def _read(self, workspace: str, work: Callable[..., T], *args: Any) -> Awaitable[T]:
        """Runs `work(scope, ...)` for a workspace on a database thread."""
        database = self._executor.database
        return self._executor.read(lambda: work(Scope(database, workspace, "system", self._clock()), *args))


def _prepared(workspace: str, query: ContentQuery, live: LiveScorer, background: Background, now: datetime) -> Prepared:
    facts = facts_of(query.draft, background.stored, background.persona, background.trailing, now)
    return Prepared(workspace, query.context_id, facts, background.persona_id, background.history, live, now)


def _score_all(
    workspace: str,
    queries: Sequence[ContentQuery],
    lives: Sequence[LiveScorer],
    backgrounds: Sequence[Background],
    now: datetime,
) -> tuple[list[Prepared], list[Score]]:
    triples = zip(queries, lives, backgrounds, strict=True)
    prepared = [_prepared(workspace, query, live, known, now) for query, live, known in triples]
    places: dict[int, list[int]] = {}
    for place, live in enumerate(lives):
        places.setdefault(id(live), []).append(place)
    if len(places) == 1:
        return prepared, _score(prepared)
    scores: dict[int, Score] = {}
    for same in places.values():
        scores.update(zip(same, _score([prepared[place] for place in same]), strict=True))
    return prepared, [scores[place] for place in range(len(prepared))]


def _score(prepared: Sequence[Prepared]) -> list[Score]:
    """Scores content that is all served by the same versions."""
    return prepared[0].live.scorer.score(
        [one.facts for one in prepared], [one.history for one in prepared], [one.persona_id for one in prepared]
    )
