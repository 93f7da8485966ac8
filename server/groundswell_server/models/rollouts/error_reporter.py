"""Tells rollouts of models how far off predictions were, as outcomes become known: that feeds their guardrails.

Every server works through the event log from where all of them have come to, and moves that on when ExperimentsService
has what it told: two at once tell the same events, which count once, and while ExperimentsService is away nothing is
lost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog

from groundswell_server.events.event_consumers import process
from groundswell_server.learning.online import outcome_events as outcomes
from groundswell_server.learning.online.outcome_events import News
from groundswell_server.models.rollouts import messages
from groundswell_server.models.rollouts.prediction_errors import PredictionError, RolloutErrors, read_errors
from groundswell_server.models.rollouts.rollout_membership import Coverage, principal
from groundswell_server.peers.peers import PeerRefusal, Peers
from groundswell_storage import consumers
from groundswell_storage.database import Database
from groundswell_storage.errors import GroundswellError
from groundswell_storage.experiments import model_rollouts
from groundswell_storage.experiments.model_rollouts import ModelRollout
from groundswell_storage.scope import Scope
from groundswell_storage.topics import POST_CHANGED

if TYPE_CHECKING:
    from groundswell_storage.executor import DatabaseExecutor
    from groundswell_storage.feed import EventFeed

CONSUMER = "learning.rollouts"
_AGAIN = timedelta(seconds=5)
"""How often what could not be told is tried again."""
_PAUSE_SECONDS = 1.0
"""Between two looks, however fast posts change: outcomes take days."""

log = structlog.get_logger(__name__)


class Sender:
    """One for a server; used on its event loop."""

    def __init__(
        self,
        executor: DatabaseExecutor,
        peers: Peers,
        coverage: Coverage,
        target_age: timedelta,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._executor = executor
        self._peers = peers
        self._coverage = coverage
        self._target_age = target_age
        self._clock = clock

    async def run(self, feed: EventFeed) -> None:
        """Tells what becomes known, as long as the server runs."""
        await process(
            feed,
            (POST_CHANGED,),
            self.send_all,
            again=_AGAIN,
            what="telling rollouts the errors of predictions",
            apart_seconds=_PAUSE_SECONDS,
        )

    async def send_all(self) -> None:
        """Tells all that is known by now. Raises Unavailable while ExperimentsService or the database is away."""
        database = self._executor.database
        while (news := await self._executor.read(partial(_read_news, database))) is not None:
            for workspace, post_ids in news.posts.items():
                await self._tell(workspace, post_ids)
            await self._executor.write(partial(consumers.advance, database, CONSUMER, news.before, news.after))

    async def _tell(self, workspace: str, post_ids: Sequence[str]) -> None:
        scope = Scope(self._executor.database, workspace, "system", self._clock())
        try:
            for told in await self._executor.read(partial(read_errors, scope, post_ids, self._target_age)):
                await self._send(workspace, told)
        except GroundswellError:
            raise
        except Exception:
            # What one workspace has must not keep the others from being told, for ever.
            log.exception("errors of predictions not told", workspace=workspace, posts=len(post_ids))

    async def _send(self, workspace: str, told: RolloutErrors) -> None:
        try:
            counted = [error for error in told.errors if await self._counts(workspace, told.rollout, error)]
            if counted:
                request = messages.events_request(told.rollout.rollout_id, told.rollout.rollout_key, counted)
                record = self._peers.experiments.RecordEvents
                await self._peers.ask_as(principal(workspace), f"rollout-{told.rollout.rollout_id}", record, request)
        except PeerRefusal as refusal:
            if not refusal.is_final:
                raise
            log.error("errors of predictions refused", rollout=told.rollout.rollout_key, error=refusal.message)

    async def _counts(self, workspace: str, rollout: ModelRollout, error: PredictionError) -> bool:
        """Whether its version is the one of the side that its persona is compared on."""
        standing = await self._coverage.standing(workspace, rollout, error.persona_id)
        return standing.is_compared and standing.is_on == (error.model_id == rollout.model_id)


def _read_news(database: Database) -> News | None:
    """What has not been worked through yet, of workspaces with versions under rollout; None when there is nothing."""
    watched = model_rollouts.workspaces(database)
    if not watched:
        return outcomes.skip(database, CONSUMER)
    news = outcomes.read_news(database, CONSUMER)
    if news is None:
        return None
    return News(news.before, news.after, {name: ids for name, ids in news.posts.items() if name in watched})
