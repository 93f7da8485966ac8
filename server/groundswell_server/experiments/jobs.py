"""Experiments' work in the background: what a worker process does by the clock."""

from __future__ import annotations

from datetime import timedelta

from groundswell_server.experiments import rounds
from groundswell_server.jobs.registry import Periodic
from groundswell_server.settings import Settings
from groundswell_storage.database import Database


def look_at_experiments(database: Database, settings: Settings) -> None:
    """Keeps what the experiments that are due come to, and completes those that are to complete by themselves."""
    rounds.look_at_all(database, database.now())


PERIODIC = (Periodic("experiments.look", timedelta(minutes=1), look_at_experiments),)
