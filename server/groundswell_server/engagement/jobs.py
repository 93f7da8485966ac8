"""Background jobs of engagement, on request and periodic."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from google.protobuf.empty_pb2 import Empty

from groundswell.v1 import engagement_pb2 as pb
from groundswell_server.engagement import configuration, messages
from groundswell_server.engagement.connections import token_vault
from groundswell_server.engagement.interactions import REJUDGE_DUPLICATES
from groundswell_server.engagement.persona_handles import REJUDGE_HANDLES
from groundswell_server.engagement.platforms import LIMIT_GROUPS
from groundswell_server.jobs.job import Job, Postponed
from groundswell_server.jobs.registry import Periodic
from groundswell_server.settings import Settings
from groundswell_storage.database import Database
from groundswell_storage.engagement import connections
from groundswell_storage.engagement.enums import ConnectionState
from groundswell_storage.jobs import operations

if TYPE_CHECKING:
    from groundswell_server.engagement.sync.sync_run import SyncDependencies

SYNC = "engagement.sync_posts"
SYNC_HOURLY = "engagement.sync_hourly"
_CHECK_INTERVAL = timedelta(seconds=5)
"""Interval at which a sync checks whether the previous one has ended."""


def sync_posts(job: Job) -> pb.SyncReport:
    """Runs SyncPosts: fetches and records due posts, in as many runs as the platforms' limits require."""
    from groundswell_server.engagement.platforms import adapters
    from groundswell_server.engagement.platforms.http_client import log_retries, open_client
    from groundswell_server.engagement.sync.sync_clock import DatabaseClock
    from groundswell_server.engagement.sync.sync_run import SyncDependencies

    log_retries()
    with open_client() as client:
        return sync_with(job, SyncDependencies(adapters(job.settings), client, DatabaseClock(job.database)))


def sync_with(job: Job, dependencies: SyncDependencies) -> pb.SyncReport:
    """Runs a sync with the given adapters and clock."""
    from groundswell_server.engagement.interactions.intake import Intake
    from groundswell_server.engagement.sync.sync_report import report
    from groundswell_server.engagement.sync.sync_run import run_sync
    from groundswell_server.engagement.trained_detectors import TrainedDetectors

    sync_scope = messages.sync_scope(
        pb.SyncPostsRequest.FromString(job.request), configuration.awaited_ages(job.settings)
    )
    before = (each for each in operations.under_way(job.reading(), SYNC) if each.id < job.operation_id)
    if any(set(sync_scope.platforms).intersection(_platforms(each)) for each in before):
        raise Postponed(_CHECK_INTERVAL, "waiting for the previous sync to end")
    settings, thresholds = configuration.filter_settings(job.settings), configuration.thresholds(job.settings)
    plan = run_sync(job, dependencies, sync_scope, Intake(settings, thresholds, TrainedDetectors(job.peers)))
    with job.scope() as scope:
        message = messages.sync_message(report(scope, plan, job.operation_id))
        job.complete(scope, message)
    return message


def sync_hourly(database: Database, settings: Settings, now: datetime | None = None) -> None:
    """Starts a sync for each call limit in every workspace with a connection, unless one is still running.

    It covers the posts of the last `sync_hours` hours, and older posts that have reached an awaited age.
    """
    if not settings.sync_hours:
        return
    now = now or database.now()
    for workspace in connections.workspaces(database, ConnectionState.CONNECTED, now):
        with database.scope(workspace, SYNC_HOURLY, now=now) as scope:
            connected = {row.platform for row in connections.every(scope)}
            busy = {platform for each in operations.under_way(scope, SYNC) for platform in _platforms(each)}
            for sharing in LIMIT_GROUPS:
                if connected.intersection(sharing) and not busy.intersection(sharing):
                    request = messages.hourly_sync(settings.sync_hours, sharing, now)
                    operations.create(scope, SYNC, request, max_attempts=settings.job_max_attempts)


def rejudge_handles(job: Job) -> Empty:
    """Judges the interactions of newly registered handles again."""
    from groundswell_server.engagement.interactions import rejudgment

    rejudgment.rejudge_handles(job)
    return Empty()


def rejudge_duplicates(job: Job) -> Empty:
    """Judges the interactions with newly repeated texts again."""
    from groundswell_server.engagement.interactions import rejudgment

    rejudgment.rejudge_duplicates(job)
    return Empty()


def _platforms(operation: operations.Operation) -> tuple[int, ...]:
    """Returns the platforms of a sync."""
    return messages.sync_scope(pb.SyncPostsRequest.FromString(operation.request), ()).platforms


JOBS = {SYNC: sync_posts, REJUDGE_HANDLES: rejudge_handles, REJUDGE_DUPLICATES: rejudge_duplicates}
PERIODIC = (
    Periodic(SYNC_HOURLY, timedelta(hours=1), sync_hourly),
    Periodic("engagement.rotate_token_keys", timedelta(days=1), token_vault.rotate_keys),
)
