"""The live versions of each workspace, loaded once and swapped by one assignment while calls are served.

A version with damaged artifacts is refused with an error in the log. The version that was live before it serves
instead, and answers name the version that gave them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, Self, TypeVar

import structlog

from groundswell_server.caching.cache import TRUST_SECONDS
from groundswell_server.models import registry
from groundswell_server.models.artifacts.artifact_store import ArtifactStore
from groundswell_server.models.model_files import load_stored
from groundswell_server.models.serving.served_model import ServedModel, UnderRollout
from groundswell_storage.errors import DataLoss, GroundswellError
from groundswell_storage.experiments import model_rollouts
from groundswell_storage.experiments.model_rollouts import ModelRollout
from groundswell_storage.learning import model_versions
from groundswell_storage.learning.model_versions import Artifact, ModelVersion
from groundswell_storage.scope import Scope

T = TypeVar("T")

MAX_WORKSPACES = 128
"""Number of workspaces whose models are kept in memory, at some megabytes each."""

log = structlog.get_logger(__name__)


class Reader(Protocol):
    """Runs `work(scope, ...)` for a workspace on a database thread."""

    def __call__(self, workspace: str, work: Callable[..., T], *args: Any) -> Awaitable[T]: ...


@dataclass(frozen=True, kw_only=True)
class LiveVersions:
    """The versions that serve in a workspace. Immutable; an area subclasses it with what it computes from them."""

    by_type: Mapping[str, ServedModel]
    """By model type; types without a live version are absent."""
    under_rollout: tuple[UnderRollout, ...] = ()
    """Versions that serve the units which their rollouts include."""
    as_trained: Mapping[str, ServedModel] = field(default_factory=dict, repr=False, compare=False)
    """The live versions by type before `LiveModels` adapted them to recent outcomes."""
    _with_rollouts: dict[frozenset[str], Self] = field(default_factory=dict, init=False, repr=False, compare=False)

    def with_rollouts(self, rollout_ids: frozenset[str]) -> Self:
        """Returns the versions for a unit in these rollouts; of two for one type, that of the older rollout."""
        found = self._with_rollouts.get(rollout_ids) if rollout_ids else self
        if found is None:
            included = [one for one in self.under_rollout if one.rollout.rollout_id in rollout_ids]
            candidates = {one.rollout.model_type: one.served for one in reversed(included)}
            found = self._with_rollouts[rollout_ids] = self.replaced({**self.by_type, **candidates})
        return found

    def replaced(self, by_type: Mapping[str, ServedModel]) -> Self:
        """Returns the same with other versions, none of them under rollout."""
        return type(self)(by_type=by_type)

    def served(self, model_type: str) -> ServedModel:
        """Returns the live version of a type. Raises FailedPrecondition (`MODEL_NOT_LIVE`)."""
        served = self.by_type.get(model_type)
        if served is None:
            raise registry.not_live(model_type)
        return served


L = TypeVar("L", bound=LiveVersions)

Adapt = Callable[[str, Mapping[str, ServedModel]], Awaitable[Mapping[str, ServedModel]]]
"""Maps a workspace and its live versions as trained to the versions that serve, such as blended ones."""


async def unadapted(workspace: str, found: Mapping[str, ServedModel]) -> Mapping[str, ServedModel]:
    """Serves versions as they were trained."""
    return found


class LiveModels(Generic[L]):
    """A cache of the live versions of workspaces; used on the event loop."""

    def __init__(
        self,
        read: Reader,
        store: ArtifactStore,
        build: Callable[..., L],
        *,
        adapt: Adapt = unadapted,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`build` makes the area's `LiveVersions` from `by_type`, `under_rollout` and `as_trained`."""
        self._read = read
        self._store = store
        self._build = build
        self._adapt = adapt
        self._monotonic = monotonic
        self._live: dict[str, tuple[L, float]] = {}
        """With the time at which an entry is refreshed even if no event announced a change."""
        self._outdated: set[str] = set()
        self._refreshing: dict[str, asyncio.Task[None]] = {}

    def get(self, workspace: str) -> L | None:
        """Returns the live versions; None when they have to be loaded first."""
        entry = self._live.get(workspace)
        if entry is None:
            return None
        if entry[1] < self._monotonic():
            self.refresh(workspace)
        return entry[0]

    async def load(self, workspace: str) -> L:
        """Returns the live versions, loaded once, regardless of the number of waiting calls."""
        while (entry := self._live.get(workspace)) is None:
            # A cancelled caller must not cancel the load that other callers wait for.
            await asyncio.shield(self.refresh(workspace))
        return entry[0]

    async def reload(self, workspace: str) -> L:
        """Returns the live versions as the database has them now."""
        await asyncio.shield(self.refresh(workspace))
        return await self.load(workspace)

    def refresh(self, workspace: str) -> asyncio.Task[None]:
        """Starts a read of the live versions. Until it ends, the versions in memory serve."""
        self._outdated.add(workspace)
        task = self._refreshing.get(workspace)
        if task is None:
            task = self._refreshing[workspace] = asyncio.create_task(self._refresh(workspace))
            task.add_done_callback(lambda done: self._refreshed(workspace, done))
        return task

    def on_change(self, workspace: str) -> None:
        """Refreshes a workspace after a promotion, a roll back or a change of a rollout."""
        if workspace in self._live or workspace in self._refreshing:
            self.refresh(workspace)

    def on_gap(self) -> None:
        """Refreshes all workspaces, because events may have been missed."""
        for workspace in list(self._live):
            self.refresh(workspace)

    async def _refresh(self, workspace: str) -> None:
        while workspace in self._outdated:
            self._outdated.discard(workspace)
            before = self._live.get(workspace)
            try:
                live = await self._read_live(workspace, before[0] if before else None)
            except GroundswellError as error:
                if before is None:
                    raise
                log.warning(
                    "live models could not be read; the models in memory continue to serve", error=error.message
                )
                live = before[0]
            self._live.pop(workspace, None)
            self._live[workspace] = live, self._monotonic() + TRUST_SECONDS
            if len(self._live) > MAX_WORKSPACES:
                del self._live[next(iter(self._live))]

    def _refreshed(self, workspace: str, task: asyncio.Task[None]) -> None:
        self._refreshing.pop(workspace, None)
        # Waiting callers receive the exception; reading it here prevents asyncio from logging it when no caller waits.
        if not task.cancelled():
            task.exception()

    async def _read_live(self, workspace: str, before: L | None) -> L:
        known = (*before.as_trained.values(), *(one.served for one in before.under_rollout)) if before else ()
        in_memory = {one.model_id: one for one in known}
        found, under_rollout = {}, []
        candidates, rollouts = await self._read(workspace, _candidates)
        for model_type, versions in candidates.items():
            served = await self._first_intact(workspace, versions, in_memory)
            if served is not None:
                found[model_type] = served
        for rollout, version in rollouts:
            served = await self._first_intact(workspace, [version], in_memory)
            if served is not None:
                under_rollout.append(UnderRollout(rollout, served))
        adapted = await self._adapt(workspace, found)
        if before is not None and before.by_type == adapted and before.under_rollout == tuple(under_rollout):
            return before
        return self._build(by_type=adapted, under_rollout=tuple(under_rollout), as_trained=found)

    async def _first_intact(
        self, workspace: str, candidates: Sequence[ModelVersion], in_memory: Mapping[str, ServedModel]
    ) -> ServedModel | None:
        for version in candidates:
            if version.id in in_memory:
                return in_memory[version.id]
            artifacts = await self._read(workspace, model_versions.read_artifacts, version.id)
            try:
                return await asyncio.to_thread(_load, self._store, version, artifacts)
            except DataLoss as error:
                log.error("version refused; the version before it serves", model=version.id, error=error.message)
        return None


def _candidates(scope: Scope) -> tuple[dict[str, list[ModelVersion]], list[tuple[ModelRollout, ModelVersion]]]:
    """Returns by type the live version and those that were live before it, newest first; and versions under rollout."""
    found = {}
    for live in model_versions.live_versions(scope):
        earlier = (model_versions.find_version(scope, id) for id in registry.earlier_versions(scope, live.model_type))
        found[live.model_type] = [live, *(version for version in earlier if version is not None)]
    versions = [(one, model_versions.find_version(scope, one.model_id)) for one in model_rollouts.read(scope)]
    return found, [(rollout, version) for rollout, version in versions if version is not None]


def _load(store: ArtifactStore, version: ModelVersion, stored: Mapping[str, Artifact]) -> ServedModel:
    artifacts = store.fetch(stored)
    registry.require_intact(version, artifacts)
    return ServedModel(version.id, version.version, registry.label(version), load_stored(artifacts))
