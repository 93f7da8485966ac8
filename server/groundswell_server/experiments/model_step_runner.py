"""The runner of model steps: calls LearningService for the pending steps of rollouts, on every server.

The request id of a step makes repeated calls harmless. When a server is killed between LearningService's answer and its
record, another server repeats the call and gets the same answer.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog

from groundswell_server.events.event_consumers import process
from groundswell_server.experiments import messages
from groundswell_server.experiments.rollout_checks.model_steps import (
    PENDING,
    ModelStep,
    read_step,
    record_promotion,
    record_refusal,
    record_rollback,
)
from groundswell_server.peers.peers import PeerRefusal, Peers
from groundswell_server.runtime.call import Principal
from groundswell_storage.errors import GroundswellError
from groundswell_storage.events.topics import ROLLOUT_CHANGED
from groundswell_storage.experiments import rollouts
from groundswell_storage.experiments.enums import RolloutModelState
from groundswell_storage.scope import Scope

if TYPE_CHECKING:
    from groundswell_storage.events.feed import EventFeed
    from groundswell_storage.executor import DatabaseExecutor

_ACTOR = "experiments.rollouts"
_RETRY_INTERVAL = timedelta(seconds=5)
_TIMEOUT_SECONDS = 60.0
"""The time limit of one call: LearningService may have to fetch a version from a store outside the database first."""

log = structlog.get_logger(__name__)


class ModelStepRunner:
    """Makes the pending model steps of all rollouts; used on the event loop."""

    def __init__(self, executor: DatabaseExecutor, peers: Peers) -> None:
        self._executor = executor
        self._peers = peers

    async def run(self, feed: EventFeed) -> None:
        """Makes pending steps for as long as the server runs."""
        await process(feed, (ROLLOUT_CHANGED,), self.make_steps, again=_RETRY_INTERVAL, what="model steps of rollouts")

    async def make_steps(self) -> None:
        """Makes the pending steps of all workspaces."""
        database = self._executor.database
        pending = await self._executor.read(lambda: rollouts.in_states(database, PENDING, "model_state"))
        for workspace, id in pending:
            await self._make_step(workspace, id)

    async def _make_step(self, workspace: str, id: str) -> None:
        step = await self._executor.read(lambda: read_step(self._scope(workspace), id))
        if step is None:
            return
        try:
            record = await self._call_learning(step)
        except PeerRefusal as refusal:
            record = partial(record_refusal, step=step, message=refusal.message)
        except GroundswellError as error:
            log.warning("model step postponed", rollout=step.id, step=step.model_state.name, error=error.message)
            return
        await self._executor.write(lambda: record(self._scope(workspace)))

    async def _call_learning(self, step: ModelStep) -> Callable[[Scope], None]:
        """Calls LearningService; returns the function that records its answer."""
        learning = self._peers.learning
        if step.model_state is RolloutModelState.PROMOTING:
            promotion = await self._call(step, learning.PromoteModel, messages.promotion_request(step))
            return partial(record_promotion, id=step.id, retired_id=messages.retired_id(promotion))
        # Another version that was promoted since then remains live.
        if await self._is_live(step):
            await self._call(step, learning.RollBackModel, messages.model_rollback_request(step))
        return partial(record_rollback, id=step.id)

    async def _is_live(self, step: ModelStep) -> bool:
        try:
            return messages.is_live(await self._call(step, self._peers.learning.GetModel, messages.model_request(step)))
        except PeerRefusal as refusal:
            if refusal.reason == "MODEL_NOT_FOUND":
                return False  # a live version cannot be deleted
            raise

    async def _call(self, step: ModelStep, method: Any, request: Any) -> Any:
        creator = step.principal
        principal = Principal(step.workspace, creator["role"], creator["actor"], frozenset(creator["scopes"]))
        return await self._peers.call_as(principal, step.request_id, method, request, timeout_seconds=_TIMEOUT_SECONDS)

    def _scope(self, workspace: str) -> Scope:
        return Scope(self._executor.database, workspace, _ACTOR, datetime.now(UTC))
