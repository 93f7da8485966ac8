"""Experiments' work in the background: what a worker process does by the clock."""

from __future__ import annotations

from datetime import timedelta

import structlog

from groundswell_server.experiments.interim_analysis import scheduled_analyses
from groundswell_server.experiments.rollouts.rollout import UNDER_WAY
from groundswell_server.jobs.registry import Periodic
from groundswell_server.settings import Settings
from groundswell_storage.database import Database
from groundswell_storage.errors import Unavailable
from groundswell_storage.experiments import event_ids, rollouts

CHECK_ROLLOUTS = "experiments.check_rollouts"
_AT_ONCE = 2_000
"""Events that are removed in one transaction: those who record wait no longer than they do for each other."""

log = structlog.get_logger(__name__)


def run_interim_analyses(database: Database, settings: Settings) -> None:
    """Keeps what the experiments that are due come to, and completes those that are to complete by themselves."""
    scheduled_analyses.run_due_analyses(database, database.now())


def check_rollouts(database: Database, settings: Settings) -> None:
    """Checks the rollouts of all workspaces, each in its own transaction: one that can't be does not stop others."""
    for workspace, id in rollouts.in_states(database, UNDER_WAY):
        # NumPy and SciPy come with it, and a worker starts without.
        from groundswell_server.experiments.rollout_checks.checks import check

        try:
            with database.scope(workspace, CHECK_ROLLOUTS) as scope:
                check(scope, id)
        except Unavailable:
            raise
        except Exception:
            log.exception("rollout not checked", workspace=workspace, rollout=id)
            database.drop_connection()


def forget_event_ids(database: Database, settings: Settings) -> None:
    """Removes events behind the horizon, then moves that; without a retention what is there stays."""
    if not settings.experiment_event_retention_days:
        return
    experiment = event_ids.experiments_after(database, None)
    while experiment is not None:
        removed = _AT_ONCE
        while removed == _AT_ONCE:
            with database.transaction():
                removed = event_ids.forget(database, experiment, most=_AT_ONCE)
        experiment = event_ids.experiments_after(database, experiment)
    with database.transaction():
        event_ids.move_horizon(database, timedelta(days=settings.experiment_event_retention_days), database.now())


PERIODIC = (
    Periodic(scheduled_analyses.JOB, timedelta(minutes=1), run_interim_analyses),
    Periodic(CHECK_ROLLOUTS, timedelta(seconds=10), check_rollouts),
    Periodic("experiments.forget_event_ids", timedelta(hours=1), forget_event_ids),
)
