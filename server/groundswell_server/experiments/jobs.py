"""Experiments' work in the background: what a worker process does by the clock."""

from __future__ import annotations

from datetime import timedelta

import structlog

from groundswell_server.experiments.looks import automatic
from groundswell_server.experiments.rollouts.rollout import UNDER_WAY
from groundswell_server.jobs.registry import Periodic
from groundswell_server.settings import Settings
from groundswell_storage.database import Database
from groundswell_storage.errors import Unavailable
from groundswell_storage.experiments import rollouts

CHECK_ROLLOUTS = "experiments.check_rollouts"

log = structlog.get_logger(__name__)


def look_at_experiments(database: Database, settings: Settings) -> None:
    """Keeps what the experiments that are due come to, and completes those that are to complete by themselves."""
    automatic.look_at_all(database, database.now())


def check_rollouts(database: Database, settings: Settings) -> None:
    """Checks the rollouts of all workspaces, each in its own transaction: one that can't be does not stop others."""
    for workspace, id in rollouts.in_states(database, UNDER_WAY):
        # NumPy and SciPy come with it, and a worker starts without.
        from groundswell_server.experiments.rollouts.checks import check

        try:
            with database.scope(workspace, CHECK_ROLLOUTS) as scope:
                check(scope, id)
        except Unavailable:
            raise
        except Exception:
            log.exception("rollout not checked", workspace=workspace, rollout=id)
            database.drop_connection()


PERIODIC = (
    Periodic(automatic.LOOK, timedelta(minutes=1), look_at_experiments),
    Periodic(CHECK_ROLLOUTS, timedelta(seconds=10), check_rollouts),
)
