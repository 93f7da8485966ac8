"""The models that serve, by workspace: loaded once, swapped by one assignment while calls go on.

A version whose artifacts are damaged is refused, loudly; the version that was live before it serves in its stead, and
answers name the version that gave them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import structlog

from groundswell_server.caching.cache import TRUST_SECONDS
from groundswell_server.learning.online import adaptation as blending
from groundswell_server.learning.predictors.probability_predictor import ProbabilityPredictor
from groundswell_server.learning.predictors.rate_predictor import RatePredictor
from groundswell_server.learning.rollouts.under_rollout import UnderRollout
from groundswell_server.learning.scoring.scorer import Scorer
from groundswell_server.models import registry
from groundswell_server.models.artifacts.artifact_store import ArtifactStore
from groundswell_server.models.artifacts.model_files import load_stored
from groundswell_server.models.registry import ENGAGEMENT, SUCCESS
from groundswell_server.models.serving.served_model import Served
from groundswell_storage.errors import DataLoss, GroundswellError
from groundswell_storage.experiments import model_rollouts
from groundswell_storage.experiments.model_rollouts import ModelRollout
from groundswell_storage.learning import model_versions, online
from groundswell_storage.learning.model_versions import Artifact, ModelVersion
from groundswell_storage.scope import Scope

T = TypeVar("T")

MOST_WORKSPACES = 128
"""Workspaces whose models are kept in memory: some megabytes each."""

log = structlog.get_logger(__name__)


class Reader(Protocol):
    """Runs `work(scope, ...)` for a workspace on a database thread."""

    def __call__(self, workspace: str, work: Callable[..., T], *args: Any) -> Awaitable[T]: ...


@dataclass(frozen=True, slots=True)
class Live:
    """What serves in a workspace."""

    by_type: Mapping[str, Served]
    """By model type; types of which nothing is live are not there."""
    scorer: Scorer
    labels: tuple[str, ...]
    """The versions that a score by model comes from."""
    threshold_pct: float
    """The rate from which on a post is a success."""
    under_rollout: tuple[UnderRollout, ...] = ()
    """Versions which serve the personas that they cover."""
    _with_rollouts: dict[frozenset[str], Live] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def of(
        cls, by_type: Mapping[str, Served], threshold_pct: float, under_rollout: tuple[UnderRollout, ...] = ()
    ) -> Live:
        """With a scorer; `threshold_pct` is what success is where no live classifier knows its own."""
        scoring = [by_type[name] for name in (ENGAGEMENT, SUCCESS) if name in by_type]
        rates, odds = (by_type[name].predictor if name in by_type else None for name in (ENGAGEMENT, SUCCESS))
        if isinstance(odds, ProbabilityPredictor):
            threshold_pct = odds.threshold_pct
        scorer = Scorer(
            rates if isinstance(rates, RatePredictor) else None,
            odds if isinstance(odds, ProbabilityPredictor) else None,
            threshold_pct,
        )
        return cls(
            by_type, scorer, tuple(label for one in scoring for label in one.labels), threshold_pct, under_rollout
        )

    def with_rollouts(self, on: frozenset[str]) -> Live:
        """What serves a persona that these rollouts cover, by id; of two of one type, the one that began first."""
        found = self._with_rollouts.get(on) if on else self
        if found is None:
            covering = [one for one in self.under_rollout if one.rollout.rollout_id in on]
            candidates = {one.rollout.model_type: one.served for one in reversed(covering)}
            found = self._with_rollouts[on] = Live.of({**self.by_type, **candidates}, self.threshold_pct)
        return found

    @property
    def engagement(self) -> Served | None:
        """What predicts rates."""
        return self.by_type.get(ENGAGEMENT)

    @property
    def success(self) -> Served | None:
        """What predicts success."""
        return self.by_type.get(SUCCESS)

    def served(self, model_type: str) -> Served:
        """What serves for a type; raises FailedPrecondition (`MODEL_NOT_LIVE`)."""
        served = self.by_type.get(model_type)
        if served is None:
            raise registry.not_live(model_type)
        return served


class LiveModels:
    """Used on the event loop."""

    def __init__(
        self,
        read: Reader,
        success_threshold_pct: float,
        store: ArtifactStore,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._store = store
        self._threshold_pct = success_threshold_pct
        self._monotonic = monotonic
        self._live: dict[str, tuple[Live, float]] = {}
        """With the moment up to which it is believed should the news of a change be lost."""
        self._outdated: set[str] = set()
        self._refreshing: dict[str, asyncio.Task[None]] = {}

    def get(self, workspace: str) -> Live | None:
        """What serves; None when it has to be loaded first."""
        entry = self._live.get(workspace)
        if entry is None:
            return None
        if entry[1] < self._monotonic():
            self.refresh(workspace)
        return entry[0]

    async def load(self, workspace: str) -> Live:
        """What serves, loaded if need be: once, however many calls wait for it."""
        while (entry := self._live.get(workspace)) is None:
            # A caller that gives up must not take the work from those who wait with it.
            await asyncio.shield(self.refresh(workspace))
        return entry[0]

    async def look_again(self, workspace: str) -> Live:
        """What serves now, whatever is remembered."""
        await asyncio.shield(self.refresh(workspace))
        return await self.load(workspace)

    def refresh(self, workspace: str) -> asyncio.Task[None]:
        """Looks what is live now; meanwhile what was live serves on."""
        self._outdated.add(workspace)
        task = self._refreshing.get(workspace)
        if task is None:
            task = self._refreshing[workspace] = asyncio.create_task(self._refresh(workspace))
            task.add_done_callback(lambda done: self._refreshed(workspace, done))
        return task

    def heed(self, workspace: str) -> None:
        """Something was promoted or rolled back, or a rollout has changed."""
        if workspace in self._live or workspace in self._refreshing:
            self.refresh(workspace)

    def doubt_all(self) -> None:
        """News may have been missed."""
        for workspace in list(self._live):
            self.refresh(workspace)

    async def _refresh(self, workspace: str) -> None:
        while workspace in self._outdated:
            self._outdated.discard(workspace)
            before = self._live.get(workspace)
            try:
                live = await self._look(workspace, before[0] if before else None)
            except GroundswellError as error:
                if before is None:
                    raise
                log.warning("live models out of reach; the known ones serve on", error=error.message)
                live = before[0]
            self._live.pop(workspace, None)
            self._live[workspace] = live, self._monotonic() + TRUST_SECONDS
            if len(self._live) > MOST_WORKSPACES:
                del self._live[next(iter(self._live))]

    def _refreshed(self, workspace: str, task: asyncio.Task[None]) -> None:
        self._refreshing.pop(workspace, None)
        # Those who wait are told; when nobody waits any more, nobody needs to be.
        if not task.cancelled():
            task.exception()

    async def _look(self, workspace: str, before: Live | None) -> Live:
        known = (*before.by_type.values(), *(one.served for one in before.under_rollout)) if before else ()
        in_memory = {one.model_id: blending.without_twin(one) for one in known}
        found, under_rollout = {}, []
        candidates, rollouts = await self._read(workspace, _candidates)
        for model_type, versions in candidates.items():
            served = await self._serving(workspace, versions, in_memory)
            if served is not None:
                found[model_type] = served
        for rollout, version in rollouts:
            served = await self._serving(workspace, [version], in_memory)
            if served is not None:
                under_rollout.append(UnderRollout(rollout, served))
        if ENGAGEMENT in found:
            twin = await self._read(workspace, online.find, ENGAGEMENT)
            found[ENGAGEMENT] = blending.with_twin(found[ENGAGEMENT], twin)
        if before is not None and before.by_type == found and before.under_rollout == tuple(under_rollout):
            return before
        return Live.of(found, self._threshold_pct, tuple(under_rollout))

    async def _serving(
        self, workspace: str, candidates: Sequence[ModelVersion], in_memory: Mapping[str, Served]
    ) -> Served | None:
        """The first version that is whole."""
        for version in candidates:
            if version.id in in_memory:
                return in_memory[version.id]
            artifacts = await self._read(workspace, model_versions.read_artifacts, version.id)
            try:
                return await asyncio.to_thread(_load, self._store, version, artifacts)
            except DataLoss as error:
                log.error("version refused, the one before it serves", model=version.id, error=error.message)
        return None


def _candidates(scope: Scope) -> tuple[dict[str, list[ModelVersion]], list[tuple[ModelRollout, ModelVersion]]]:
    """By type that something is live of: the live version, and those that were live before it, newest first.

    And the versions under rollout.
    """
    found = {}
    for live in model_versions.live_versions(scope):
        earlier = (model_versions.find_version(scope, id) for id in registry.earlier_versions(scope, live.model_type))
        found[live.model_type] = [live, *(version for version in earlier if version is not None)]
    versions = [(one, model_versions.find_version(scope, one.model_id)) for one in model_rollouts.read(scope)]
    return found, [(rollout, version) for rollout, version in versions if version is not None]


def _load(store: ArtifactStore, version: ModelVersion, kept: Mapping[str, Artifact]) -> Served:
    artifacts = store.fetch(kept)
    registry.check_whole(version, artifacts)
    return Served(version.id, version.version, registry.label(version), load_stored(artifacts))
