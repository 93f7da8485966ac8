"""The periodic jobs of ExperimentsService, which run in worker processes."""

from __future__ import annotations

from datetime import timedelta

import structlog

from groundswell_server.experiments.interim_analysis import scheduled_analyses
from groundswell_server.jobs.registry import Periodic
from groundswell_server.settings import Settings
from groundswell_storage.database import Database
from groundswell_storage.errors import Unavailable
from groundswell_storage.experiments import event_ids, rollouts

CHECK_ROLLOUTS = "experiments.check_rollouts"
_BATCH_SIZE = 2_000
"""The events that one transaction removes: callers that record events wait about as long as they do for each other."""

log = structlog.get_logger(__name__)


def run_interim_analyses(database: Database, settings: Settings) -> None:
    """Runs the interim analyses that are due."""
    scheduled_analyses.run_due_analyses(database, database.now())


def check_rollouts(database: Database, settings: Settings) -> None:
    """Checks the rollouts of all workspaces, each in a transaction; a check that fails does not prevent the others."""
    for workspace, id in rollouts.in_states(database, rollouts.UNDER_WAY):
        # Imported late because a worker does not need NumPy and SciPy to start.
        from groundswell_server.experiments.rollout_checks.checks import check

        try:
            with database.scope(workspace, CHECK_ROLLOUTS) as scope:
                check(scope, id)
        except Unavailable:
            raise
        except Exception:
            log.exception("rollout check failed", workspace=workspace, rollout=id)
            database.drop_connection()


def remove_event_ids(database: Database, settings: Settings) -> None:
    """Removes events from before the horizon, then moves the horizon; without a retention setting it does nothing."""
    if not settings.experiment_event_retention_days:
        return
    experiment = event_ids.experiments_after(database, None)
    while experiment is not None:
        removed = _BATCH_SIZE
        while removed == _BATCH_SIZE:
            with database.transaction():
                removed = event_ids.forget(database, experiment, most=_BATCH_SIZE)
        experiment = event_ids.experiments_after(database, experiment)
    with database.transaction():
        event_ids.move_horizon(database, timedelta(days=settings.experiment_event_retention_days), database.now())


PERIODIC = (
    Periodic(scheduled_analyses.JOB, timedelta(minutes=1), run_interim_analyses),
    Periodic(CHECK_ROLLOUTS, timedelta(seconds=10), check_rollouts),
    Periodic("experiments.remove_event_ids", timedelta(hours=1), remove_event_ids),
)
