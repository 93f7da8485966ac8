"""Asks LearningService for the steps that rollouts note, on every server: a repeated one is known by its request id.

A server that is killed between LearningService's answer and its note leaves the step to any other, which gets the same
answer.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import structlog

from groundswell_server.events.event_consumers import process
from groundswell_server.experiments import messages
from groundswell_server.experiments.rollout_checks.model_steps import (
    TO_DO,
    ModelStep,
    note_promoted,
    note_refused,
    note_returned,
    read_step,
)
from groundswell_server.experiments.rollouts.rollout import ModelState
from groundswell_server.peers.peers import PeerRefusal, Peers
from groundswell_server.runtime.call import Principal
from groundswell_storage.errors import GroundswellError
from groundswell_storage.events.topics import ROLLOUT_CHANGED
from groundswell_storage.experiments import rollouts
from groundswell_storage.scope import Scope

if TYPE_CHECKING:
    from groundswell_storage.events.feed import EventFeed
    from groundswell_storage.executor import DatabaseExecutor

P = ParamSpec("P")
T = TypeVar("T")

_ACTOR = "experiments.rollouts"
_AGAIN = timedelta(seconds=5)
"""How often steps that could not be made are tried again."""
_PATIENCE_SECONDS = 60.0
"""For one answer: a version may have to be fetched from a store outside the database first."""

log = structlog.get_logger(__name__)


class ModelStepRunner:
    """LearningService's registry as rollouts act on it; used on the event loop."""

    def __init__(self, executor: DatabaseExecutor, peers: Peers) -> None:
        self._executor = executor
        self._peers = peers

    async def run(self, feed: EventFeed) -> None:
        """Makes the steps that are noted, as long as the server runs."""
        await process(feed, (ROLLOUT_CHANGED,), self.make_steps, again=_AGAIN, what="steps of models")

    async def make_steps(self) -> None:
        """Makes the steps that are noted now, those of all workspaces."""
        database = self._executor.database
        for workspace, id in await self._executor.read(lambda: rollouts.with_models_in(database, TO_DO)):
            step = await self._executor.read(self._in(workspace, read_step, id))
            if step is not None:
                await self._make(step)

    async def _make(self, step: ModelStep) -> None:
        try:
            note = await self._ask_for(step)
        except PeerRefusal as refusal:
            note = self._in(step.workspace, note_refused, step, refusal.message)
        except GroundswellError as error:
            log.warning("a step of a model waits", rollout=step.rollout_id, step=step.state.name, error=error.message)
            return
        await self._executor.write(note)

    async def _ask_for(self, step: ModelStep) -> Callable[[], None]:
        """Asks LearningService; returns what notes its answer."""
        learning = self._peers.learning
        if step.state is ModelState.PROMOTING:
            promotion = await self._ask(step, learning.PromoteModel, messages.promotion_request(step))
            return self._in(step.workspace, note_promoted, step.rollout_id, messages.retired_id(promotion))
        # Somebody may have promoted another version since: that one stays.
        if await self._is_live(step):
            await self._ask(step, learning.RollBackModel, messages.return_request(step))
        return self._in(step.workspace, note_returned, step.rollout_id)

    async def _is_live(self, step: ModelStep) -> bool:
        try:
            return messages.is_live(await self._ask(step, self._peers.learning.GetModel, messages.model_request(step)))
        except PeerRefusal as refusal:
            if refusal.reason == "MODEL_NOT_FOUND":
                return False  # only what is live can't be deleted
            raise

    async def _ask(self, step: ModelStep, method: Any, request: Any) -> Any:
        principal = Principal(step.workspace, step.role, step.actor, step.scopes)
        return await self._peers.ask_as(principal, step.request_id, method, request, timeout_seconds=_PATIENCE_SECONDS)

    def _in(
        self, workspace: str, work: Callable[Concatenate[Scope, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> Callable[[], T]:
        """Work in a workspace, for the executor."""
        return lambda: work(Scope(self._executor.database, workspace, _ACTOR, datetime.now(UTC)), *args, **kwargs)
