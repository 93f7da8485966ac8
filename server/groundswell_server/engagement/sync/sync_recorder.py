"""Records the results of a sync: counts as RecordMetrics does, comments as RecordInteractions does.

The data of a post and the note that it is done commit together, so a run that is killed counts nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

import stamina

from groundswell_server.engagement.contexts.outcomes import Thresholds
from groundswell_server.engagement.ingestion.post_metrics import record_metrics
from groundswell_server.engagement.interactions.intake import Intake
from groundswell_server.engagement.interactions.interactions import NewInteraction
from groundswell_server.engagement.metrics.engagement_rates import Counts
from groundswell_server.engagement.platforms.failures import PlatformFailure
from groundswell_server.jobs.job import Job
from groundswell_storage.chunks import chunks
from groundswell_storage.engagement import connections, post_syncs
from groundswell_storage.engagement.enums import ConnectionState, SyncOutcome
from groundswell_storage.engagement.post_syncs import SyncTarget
from groundswell_storage.engagement.posts import PostRow
from groundswell_storage.errors import Aborted, InvalidArgument
from groundswell_storage.fields import to_micros
from groundswell_storage.scope import Scope

_POSTS_PER_TRANSACTION = 25
"""Limited, because other writers wait for the locked rows, and on SQLite for the whole transaction."""
_TRIES = 5
_MAX_TEXT, _MAX_HANDLE, _MAX_ID = 20_000, 100, 200
_MAX_PROBLEM = 500

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fetched:
    """The result of one fetch."""

    found: Mapping[str, Counts | PlatformFailure]
    """Counts or failures by the posts' ids on the platform."""
    time: datetime
    connection_id: str
    with_comments: bool
    """True when the comments of these posts can be fetched."""


@dataclass(frozen=True, slots=True)
class SyncRecorder:
    """Records the results of one run."""

    job: Job
    thresholds: Thresholds
    projected_age: timedelta
    """Age for which the reach of a viral post is projected."""
    intake: Intake

    def record_counts(self, targets: Sequence[SyncTarget], fetched: Fetched) -> list[SyncTarget]:
        """Records the counts or failures of posts; returns the posts whose comments are due."""
        due: list[SyncTarget] = []
        for part in _parts(targets):
            due += self._write(partial(self._record_part, part, fetched))
        return due

    def record_failure(self, targets: Sequence[SyncTarget], failure: PlatformFailure) -> None:
        """Records the same failure for several posts."""
        for part in _parts(targets):
            self._write(partial(self._record_failures, part, failure))

    def record_attempts(self, targets: Sequence[SyncTarget], tries: int) -> None:
        """Records the number of failed attempts of posts that will be tried again."""
        for part in _parts(targets):
            self._write(partial(self._record_attempts, part, tries))

    def record_comments(self, target: SyncTarget, comments: Sequence[NewInteraction], *, last: bool) -> None:
        """Records a page of comments; after the last page the comments of the post are done."""
        batch = [_storable(comment) for comment in comments]
        caller = self.job.acting_as("reader", "learning.read")
        prepared = self.job.wait_for(self.intake.prepare(caller, batch))
        for post_id in self._write(partial(self._record_page, target, prepared, last)):
            self._write(partial(self.intake.rejudge, post_id=post_id))

    def abandon_comments(self, target: SyncTarget) -> None:
        """Gives up the comments of a post until the next sync."""
        self._write(lambda scope: post_syncs.note_comments(scope, target.post_id, recorded=0, seen=None, due=False))

    def mark_token_refused(self, connection_id: str, problem: str) -> None:
        """Records that the platform refused the token of a connection."""
        state = ConnectionState.TOKEN_REFUSED
        self._write(lambda scope: connections.note(scope, connection_id, state=state, problem=problem[:_MAX_PROBLEM]))

    def record_problem(self, connection_id: str, problem: str) -> None:
        """Records a refusal that leaves the connection usable for other posts."""
        self._write(lambda scope: connections.note(scope, connection_id, problem=problem[:_MAX_PROBLEM]))

    def _write(self, work: Callable[[Scope], T]) -> T:
        """Runs the work in a transaction, again after a conflict with a concurrent change."""
        for attempt in stamina.retry_context(on=_is_conflict, attempts=_TRIES, timeout=None, wait_jitter=0.1):
            with attempt, self.job.scope() as scope:
                return work(scope)
        raise AssertionError("the last try returns or raises")

    def _record_part(self, part: Sequence[SyncTarget], fetched: Fetched, scope: Scope) -> list[SyncTarget]:
        if any(isinstance(fetched.found[target.platform_post_id], Counts) for target in part):
            connections.note(scope, fetched.connection_id, sync_time=fetched.time, problem="")
        return [target for target in part if self._record_post(scope, target, fetched)]

    def _record_failures(self, part: Sequence[SyncTarget], failure: PlatformFailure, scope: Scope) -> None:
        for target in part:
            self._note_failure(scope, target, failure)

    def _record_attempts(self, part: Sequence[SyncTarget], tries: int, scope: Scope) -> None:
        for target in part:
            if scope.find(PostRow, target.post_id) is not None:
                post_syncs.note(scope, target, self.job.operation_id, outcome=SyncOutcome.UNSPECIFIED, tries=tries)

    def _record_post(self, scope: Scope, target: SyncTarget, fetched: Fetched) -> bool:
        """Records one post; returns True when its comments are due."""
        if scope.find(PostRow, target.post_id, lock=True) is None:
            return False  # deleted in the meantime
        counts = fetched.found[target.platform_post_id]
        if isinstance(counts, PlatformFailure):
            self._note_failure(scope, target, counts)
            return False
        # The worker's clock may be behind the database's.
        at = max(min(fetched.time, scope.now), target.publish_time)
        try:
            with scope.savepoint():
                record_metrics(scope, target.post_id, counts, at, self.thresholds, self.projected_age)
        except InvalidArgument as error:
            self._note(scope, target, SyncOutcome.IMPOSSIBLE, error.message)
            return False
        due = fetched.with_comments and bool(counts.comments) and counts.comments != target.comments_seen
        post_syncs.note(
            scope, target, self.job.operation_id, outcome=SyncOutcome.SYNCED, sync_time=fetched.time, comments_due=due
        )
        return due

    def _record_page(
        self, target: SyncTarget, comments: Sequence[NewInteraction], last: bool, scope: Scope
    ) -> tuple[str, ...]:
        """Records a page of comments; returns the other posts to rejudge."""
        post = scope.find(PostRow, target.post_id, lock=True)
        if post is None:
            return ()
        batch = [_within(comment, to_micros(post.publish_time), to_micros(scope.now)) for comment in comments]
        recording = self.intake.record(scope, target.post_id, batch)
        count, seen = recording.recorded.recorded_count, post.comments if last else None
        post_syncs.note_comments(scope, target.post_id, recorded=count, seen=seen, due=not last)
        return recording.posts_to_rejudge

    def _note_failure(self, scope: Scope, target: SyncTarget, failure: PlatformFailure) -> None:
        self._note(scope, target, failure.outcome, failure.message)

    def _note(self, scope: Scope, target: SyncTarget, outcome: SyncOutcome, problem: str) -> None:
        if scope.find(PostRow, target.post_id) is not None:
            message = problem.replace("\0", "")[:_MAX_PROBLEM]
            post_syncs.note(scope, target, self.job.operation_id, outcome=outcome, problem=message)


def _parts(targets: Sequence[SyncTarget]) -> Iterator[Sequence[SyncTarget]]:
    """Splits the posts, ordered by id: all code that locks several posts uses this order."""
    return chunks(sorted(targets), _POSTS_PER_TRANSACTION)


def _storable(comment: NewInteraction) -> NewInteraction:
    """Returns the comment cut to the limits of the contract."""
    return comment._replace(
        text=comment.text.replace("\0", "")[:_MAX_TEXT],
        actor_handle=comment.actor_handle.replace("\0", "")[:_MAX_HANDLE],
        platform_interaction_id=comment.platform_interaction_id.replace("\0", "")[:_MAX_ID],
    )


def _within(comment: NewInteraction, published_us: int, now_us: int) -> NewInteraction:
    """Returns the comment with a time between publication and now: platforms round times, and clocks differ."""
    return comment._replace(occurred_us=min(max(comment.occurred_us, published_us), now_us))


def _is_conflict(error: Exception) -> bool:
    return isinstance(error, Aborted) and error.reason == "CONFLICT"
