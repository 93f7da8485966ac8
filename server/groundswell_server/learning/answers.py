"""Predictions for callers: live models, and what they need to know, from memory where it can be."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from groundswell_server.events.event_consumers import invalidate_on
from groundswell_server.learning.features.content import ContentQuery, facts_of
from groundswell_server.learning.features.post_facts import PostFacts
from groundswell_server.learning.features.profile_facts import ProfileFacts
from groundswell_server.learning.labels.classification import Classified, classify, classify_profiles
from groundswell_server.learning.predictors.post_predictor import DEFAULT_LEVEL
from groundswell_server.learning.scoring.optimizer import Optimization, Optimizer
from groundswell_server.learning.scoring.scorer import RateHistory, Score
from groundswell_server.learning.serving import fact_cache as memory
from groundswell_server.learning.serving.fact_cache import Background, Memory
from groundswell_server.learning.serving.label_log import LabelledLog
from groundswell_server.learning.serving.prediction_log import PredictionLog
from groundswell_server.models import registry
from groundswell_server.models.artifacts.artifact_store import ArtifactStore
from groundswell_server.models.predictions import Prediction
from groundswell_server.models.rollouts.rollout_membership import Coverage
from groundswell_server.models.serving.live_models import Live, LiveModels
from groundswell_server.models.serving.served_model import Served
from groundswell_storage.events import Event
from groundswell_storage.executor import DatabaseExecutor
from groundswell_storage.feed import EventFeed
from groundswell_storage.scope import Scope
from groundswell_storage.topics import MODEL_CHANGED, ONLINE_LEARNED, ROLLOUT_CHANGED

T = TypeVar("T")

_OF_MODELS = MODEL_CHANGED, ONLINE_LEARNED, ROLLOUT_CHANGED


class Prepared(NamedTuple):
    """A piece of content, ready for the models."""

    workspace: str
    context_id: str
    """Empty for a draft alone."""
    facts: PostFacts
    persona_id: str
    history: RateHistory | None
    """Past rates that its own is compared with."""
    live: Live
    """What serves its persona."""
    now: datetime
    """When it was prepared."""

    def optimize(self, target_score: float, limit: int) -> Optimization:
        """What could be better about it. A publication planned for the past is taken as if it were not yet past."""
        now = min(self.now, self.facts.published_time or self.now)
        optimizer = Optimizer(self.live.scorer, self.history, now, self.persona_id)
        return optimizer.optimize(self.facts, target_score=target_score, limit=limit)


class Serving:
    """One for a server; used on its event loop."""

    def __init__(
        self,
        executor: DatabaseExecutor,
        store: ArtifactStore,
        coverage: Coverage,
        *,
        target_age: timedelta,
        success_threshold_pct: float,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._executor = executor
        self._coverage = coverage
        self._clock = clock
        self._models = LiveModels(self._read, success_threshold_pct, store)
        self._memory = Memory(target_age)
        self._log = PredictionLog(executor)
        self._labelled = LabelledLog(executor)

    async def prepare(self, workspace: str, source: ContentQuery, needs: str = "") -> Prepared:
        """Makes content ready, from memory alone where it can; `needs` is as in `live`. Raises NotFound."""
        live = await self.live(workspace, needs)
        background = self._memory.recall(workspace, source)
        if background is None:
            (background,) = await self._look_up(workspace, [source])
        if live.under_rollout:
            live = await self._for_persona(workspace, live, background.persona_id)
        return _prepared(workspace, source, live, background, self._clock())

    def score(self, prepared: Prepared) -> Score:
        """The score of content, by the live models or by rules."""
        score = prepared.live.scorer.score_one(prepared.facts, prepared.history, prepared.persona_id)
        self.note(prepared, score)
        return score

    def predict(self, prepared: Prepared, model_type: str, level: float = DEFAULT_LEVEL) -> tuple[Served, Prediction]:
        """What the live version of a type says of content; raises FailedPrecondition (`MODEL_NOT_LIVE`)."""
        served, facts, persona_id = prepared.live.served(model_type), prepared.facts, prepared.persona_id
        usual = served.predictor.predict_one(facts, persona_id=persona_id)
        self._note(prepared, served, usual)
        if level == DEFAULT_LEVEL:
            return served, usual
        return served, served.predictor.predict_one(facts, level=level, persona_id=persona_id)

    def note(self, prepared: Prepared, score: Score) -> None:
        """Keeps what live versions said of a stored context, to be compared with what will come of it."""
        live = prepared.live
        if prepared.context_id and live.engagement is not None and score.engagement is not None:
            self._note(prepared, live.engagement, score.engagement)
            if live.success is not None and score.success_probability is not None:
                self._note(prepared, live.success, Prediction(score.success_probability, -math.inf, math.inf))

    def convert(self, prepared: Prepared) -> tuple[Served, Prediction]:
        """How likely the live version thinks that content converts; raises FailedPrecondition (`MODEL_NOT_LIVE`)."""
        served = prepared.live.served(registry.CONVERSION)
        found = served.predictor.predict_one(prepared.facts)
        self._labelled.note_conversion(
            prepared.workspace, served.model_id, prepared.context_id, prepared.facts, found, prepared.now
        )
        return served, found

    async def classify(self, workspace: str, model_type: str, texts: Sequence[str]) -> Classified:
        """What texts are; raises FailedPrecondition (`MODEL_NOT_LIVE`)."""
        live = await self.live(workspace, needs=model_type)
        found = await asyncio.to_thread(classify, live, model_type, texts)
        if found.served is not None:
            self._labelled.note_texts(workspace, found.served.model_id, texts, found.classes, self._clock())
        return found

    async def classify_profiles(
        self, workspace: str, profiles: Sequence[ProfileFacts]
    ) -> tuple[Served, list[Prediction]]:
        """What accounts are; raises FailedPrecondition (`MODEL_NOT_LIVE`)."""
        served = (await self.live(workspace)).served(registry.BOTS)
        found = await asyncio.to_thread(classify_profiles, served.predictor, profiles)
        self._labelled.note_profiles(workspace, served.model_id, profiles, found, self._clock())
        return served, found

    async def live(self, workspace: str, needs: str = "") -> Live:
        """What serves in a workspace. Where nothing of the type `needs` does, the database is asked once more.

        What is remembered may be a moment old, and nobody should be refused a model that he has just promoted.
        """
        live = self._models.get(workspace) or await self._models.load(workspace)
        if needs and needs not in live.by_type:
            live = await self._models.look_again(workspace)
        return live

    async def _for_persona(self, workspace: str, live: Live, persona_id: str) -> Live:
        """What serves a persona while versions are under rollout; what is live serves content of none."""
        if not persona_id:
            return live
        return live.with_rollouts(await self._coverage.on(workspace, live.under_rollout, persona_id))

    async def score_all(self, workspace: str, sources: Sequence[ContentQuery]) -> tuple[list[Score], list[Live]]:
        """The scores of many pieces of content, and what gave each; worked out beside the event loop."""
        live = await self.live(workspace)
        backgrounds = [self._memory.recall(workspace, source) for source in sources]
        missing = [place for place, known in enumerate(backgrounds) if known is None]
        found = await self._look_up(workspace, [sources[place] for place in missing]) if missing else []
        for place, background in zip(missing, found, strict=True):
            backgrounds[place] = background
        known = [background for background in backgrounds if background is not None]
        lives = [live] * len(sources)
        if live.under_rollout:
            personas = {one.persona_id for one in known}
            serving = {id: await self._for_persona(workspace, live, id) for id in personas}
            lives = [serving[one.persona_id] for one in known]
        prepared, scores = await asyncio.to_thread(_score_all, workspace, sources, lives, known, self._clock())
        for one, score in zip(prepared, scores, strict=True):
            self.note(one, score)
        return scores, lives

    async def _look_up(self, workspace: str, sources: Sequence[ContentQuery]) -> list[Background]:
        """Reads what memory lacks for these questions, in one visit to the database."""
        mark = self._memory.mark()
        backgrounds, found = await self._read(workspace, self._memory.look_up, sources)
        self._memory.keep(found, mark)
        return backgrounds

    async def follow(self, feed: EventFeed) -> None:
        """Keeps memory true as long as the server runs."""
        await invalidate_on(feed, (*_OF_MODELS, *memory.TOPICS), on_gap=self._doubt, on_event=self._heed)

    def _doubt(self) -> None:
        self._memory.clear()
        self._models.doubt_all()

    def _heed(self, event: Event) -> None:
        if event.topic in _OF_MODELS:
            self._models.heed(event.workspace)
        else:
            self._memory.heed(event)

    async def flush(self) -> None:
        """Writes what was said and is not written yet; who looks then finds all of it."""
        await asyncio.gather(self._log.flush(), self._labelled.flush())

    def _note(self, prepared: Prepared, served: Served, said: Prediction) -> None:
        self._log.note(prepared.workspace, prepared.context_id, served.model_id, said, prepared.facts, prepared.now)

    def _read(self, workspace: str, work: Callable[..., T], *args: Any) -> Awaitable[T]:
        """Runs `work(scope, ...)` for a workspace on a database thread."""
        database = self._executor.database
        return self._executor.read(lambda: work(Scope(database, workspace, "system", self._clock()), *args))


def _prepared(workspace: str, source: ContentQuery, live: Live, background: Background, now: datetime) -> Prepared:
    facts = facts_of(source.draft, background.stored, background.persona, background.trailing, now)
    return Prepared(workspace, source.context_id, facts, background.persona_id, background.history, live, now)


def _score_all(
    workspace: str,
    sources: Sequence[ContentQuery],
    lives: Sequence[Live],
    backgrounds: Sequence[Background],
    now: datetime,
) -> tuple[list[Prepared], list[Score]]:
    triples = zip(sources, lives, backgrounds, strict=True)
    prepared = [_prepared(workspace, source, live, known, now) for source, live, known in triples]
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
    """The scores of content that is all served by the same versions."""
    return prepared[0].live.scorer.score(
        [one.facts for one in prepared], [one.history for one in prepared], [one.persona_id for one in prepared]
    )
