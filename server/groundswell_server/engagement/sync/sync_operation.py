"""A sync from its request to its report: plans what is left, carries it out, and says what came of it."""

from __future__ import annotations

from groundswell_server.engagement import configuration
from groundswell_server.engagement.connections import connections, token_vault
from groundswell_server.engagement.sync.sync_plan import Plan, SyncScope, plan
from groundswell_server.engagement.sync.sync_recorder import SyncRecorder
from groundswell_server.engagement.sync.sync_report import report
from groundswell_server.engagement.sync.sync_run import SyncDependencies, SyncRun
from groundswell_server.engagement.trained_detectors import Detectors
from groundswell_server.jobs.job import Job

__all__ = ["report", "run"]


def run(job: Job, means: SyncDependencies, wanted: SyncScope) -> Plan:
    """Does what is left of a sync and returns how its last run was planned. Raises Postponed and Cancelled."""
    with job.scope() as scope:
        vault = token_vault.open_vault(scope.database, token_vault.sealer_of(job.settings))
    reading = job.reading()
    usable = connections.usable(reading, vault)
    planned = plan(reading, wanted, means.adapters, usable, job.operation_id, means.clock.now())
    keeper = SyncRecorder(
        job,
        configuration.filter_settings(job.settings),
        configuration.thresholds(job.settings),
        configuration.target_age(job.settings),
        Detectors(job.peers),
    )
    SyncRun(job, means, keeper, planned).run()
    return planned
