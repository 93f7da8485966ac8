"""Reports the errors of predictions to the rollouts of versions as outcomes become known; guardrails compare them.

Every server processes the event log from the common position, and advances it after ExperimentsService has accepted
the report. Two servers may send the same events, which count once. While ExperimentsService is down, nothing is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Protocol

import structlog

from groundswell_server.events.event_consumers import process
from groundswell_server.models.rollouts import messages
from groundswell_server.models.rollouts.prediction_errors import PredictionError, RolloutErrors, read_errors
from groundswell_server.models.rollouts.rollout_membership import RolloutMembership, principal
from groundswell_server.peers.peers import PeerRefusal, Peers
from groundswell_storage.database import Database
from groundswell_storage.errors import GroundswellError
from groundswell_storage.events import consumers
from groundswell_storage.events.events import Position
from groundswell_storage.experiments import model_rollouts
from groundswell_storage.experiments.model_rollouts import ModelRollout
from groundswell_storage.scope import Scope

if TYPE_CHECKING:
    from groundswell_storage.events.feed import EventFeed
    from groundswell_storage.executor import DatabaseExecutor

CONSUMER = "learning.rollouts"
_RETRY = timedelta(seconds=5)
"""Period after which a failed report is repeated."""
_PAUSE_SECONDS = 1.0
"""Pause between two reads, however fast posts change: outcomes take days."""

log = structlog.get_logger(__name__)


class ChangedPosts(Protocol):
    """Posts that have changed, and the part of the event log that announced them."""

    @property
    def before(self) -> Position: ...
    @property
    def after(self) -> Position: ...
    @property
    def posts(self) -> Mapping[str, Sequence[str]]:
        """Ids by workspace."""


class ErrorReporter:
    """A background task of a server; used on its event loop."""

    def __init__(
        self,
        executor: DatabaseExecutor,
        peers: Peers,
        memberships: RolloutMembership,
        target_age: timedelta,
        *,
        topics: Sequence[str],
        read_changes: Callable[[Database, str, set[str]], ChangedPosts | None],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`read_changes(database, consumer, workspaces)` returns the next changes in these workspaces, or None."""
        self._executor = executor
        self._peers = peers
        self._memberships = memberships
        self._target_age = target_age
        self._topics = topics
        self._read_changes = read_changes
        self._clock = clock

    async def run(self, feed: EventFeed) -> None:
        """Reports errors as long as the server runs."""
        await process(
            feed,
            self._topics,
            self.report_all,
            again=_RETRY,
            what="reporting prediction errors to rollouts",
            apart_seconds=_PAUSE_SECONDS,
        )

    async def report_all(self) -> None:
        """Reports all errors that are known. Raises Unavailable while ExperimentsService or the database is down."""
        database = self._executor.database
        while (changes := await self._executor.read(partial(self._next_changes, database))) is not None:
            for workspace, post_ids in changes.posts.items():
                await self._report(workspace, post_ids)
            await self._executor.write(partial(consumers.advance, database, CONSUMER, changes.before, changes.after))

    def _next_changes(self, database: Database) -> ChangedPosts | None:
        return self._read_changes(database, CONSUMER, model_rollouts.workspaces(database))

    async def _report(self, workspace: str, post_ids: Sequence[str]) -> None:
        scope = Scope(self._executor.database, workspace, "system", self._clock())
        try:
            for found in await self._executor.read(partial(read_errors, scope, post_ids, self._target_age)):
                await self._send(workspace, found)
        except GroundswellError:
            raise
        except Exception:
            # Bad data in one workspace must not block the other workspaces permanently.
            log.exception("prediction errors not reported", workspace=workspace, posts=len(post_ids))

    async def _send(self, workspace: str, found: RolloutErrors) -> None:
        try:
            counted = [error for error in found.errors if await self._counts(workspace, found.rollout, error)]
            if counted:
                request = messages.events_request(found.rollout.rollout_id, found.rollout.rollout_key, counted)
                record = self._peers.experiments.RecordEvents
                await self._peers.call_as(principal(workspace), f"rollout-{found.rollout.rollout_id}", record, request)
        except PeerRefusal as refusal:
            if not refusal.is_final:
                raise
            log.error("prediction errors refused", rollout=found.rollout.rollout_key, error=refusal.message)

    async def _counts(self, workspace: str, rollout: ModelRollout, error: PredictionError) -> bool:
        """Returns True if the unit is compared on the predicting version."""
        membership = await self._memberships.membership(workspace, rollout, error.unit)
        return membership.is_compared and membership.is_on == (error.model_id == rollout.model_id)
