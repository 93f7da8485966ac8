"""Scheduled interim analyses: a periodic job stores their history and completes experiments that have a winner."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from groundswell_server.experiments.lifecycle import complete_experiment
from groundswell_storage.database import Database
from groundswell_storage.experiments import interim_analyses, keys
from groundswell_storage.experiments.designs import ExperimentRow
from groundswell_storage.experiments.enums import ExperimentState, MetricRole
from groundswell_storage.experiments.interim_analyses import Running, StoredAnalysis, StoredComparison
from groundswell_storage.scope import Scope

if TYPE_CHECKING:
    from groundswell_server.experiments.analysis.comparison import Comparison
    from groundswell_server.experiments.interim_analysis.interim_analysis import InterimAnalysis

JOB = "experiments.interim_analysis"
"""The name of the job; the audit log shows it as the actor that completes experiments."""
MAX_STORED = 128
"""The maximum number of stored analyses of one experiment."""
MAX_SECONDS = 10.0
"""The time limit of one run of the job: other periodic jobs, such as recovering a lost worker's work, wait for it."""
_MINUTE = timedelta(minutes=1)

log = structlog.get_logger(__name__)


def slot(age: timedelta) -> tuple[int, int]:
    """Returns the minute of its life at which an experiment of this age is due, and the interval in minutes.

    The interval doubles after every 128 analyses. There are then 64 to 128 stored analyses, evenly spaced, whether the
    experiment has run for an hour or for a year.
    """
    minutes = max(age // _MINUTE, 0)
    step = 1
    while minutes >= MAX_STORED * step:
        step *= 2
    return minutes // step * step, step


def run_due_analyses(database: Database, now: datetime, *, monotonic: Callable[[], float] = time.monotonic) -> None:
    """Runs the analyses that are due, within the time limit.

    An analysis that fails is logged and does not prevent the others.
    """
    deadline = monotonic() + MAX_SECONDS
    waiting = due(database, now)
    for position, one in enumerate(waiting):
        if monotonic() > deadline:
            log.info("interim analyses are postponed", waiting=len(waiting) - position)
            return
        try:
            run_analysis(database, one, now)
        except Exception:
            log.exception("interim analysis failed", workspace=one.workspace, experiment=one.key)
            database.drop_connection()


def due(database: Database, now: datetime) -> list[Running]:
    """Returns the running experiments without an analysis in their current slot, the longest overdue first."""
    found = (
        one for one in interim_analyses.running(database, ExperimentState.RUNNING) if _slot(one, now) > one.last_minute
    )
    return sorted(found, key=lambda one: one.start_time + one.last_minute * _MINUTE)


def _slot(one: Running, now: datetime) -> int:
    return slot(now - one.start_time)[0]


def run_analysis(database: Database, one: Running, now: datetime) -> None:
    """Stores an analysis of an experiment, and completes the experiment if it has `auto_complete` and a winner.

    The analysis is computed outside the transaction. The transaction discards it when the experiment was changed in
    the meantime, or when another worker has stored an analysis for the same slot.
    """
    # Imported late because a worker does not need SciPy to start.
    from groundswell_server.experiments.interim_analysis import interim_analysis, runner

    with database.scope(one.workspace, now=now) as scope:
        experiment, counts, planned = runner.read_inputs(scope, one.key)
    found = interim_analysis.analyze(experiment, counts, now, planned, is_scheduled=True)
    minute, step = slot(now - one.start_time)
    with database.scope(one.workspace, JOB, now=now) as scope:
        if keys.get(scope, ExperimentRow, one.key, lock=True).version != experiment.version:
            return
        is_stored = interim_analyses.store(scope, experiment.number, minute, step, _stored(found, now))
        if is_stored and experiment.design.auto_complete:
            _complete(scope, found)


def _complete(scope: Scope, found: InterimAnalysis) -> None:
    if found.decision.winner:
        reason = f"Completed automatically: {found.decision.explanation}"
        complete_experiment(scope, found.experiment.key, found.decision.winner, reason)
        log.info("experiment completed automatically", experiment=found.experiment.key, winner=found.decision.winner)


def _stored(found: InterimAnalysis, now: datetime) -> StoredAnalysis:
    primary = next(one for one in found.analysis.results if one.spec.role is MetricRole.PRIMARY)
    comparisons = [_stored_comparison(primary.comparisons[variant]) for variant in sorted(primary.comparisons)]
    return StoredAnalysis(now, found.units, found.decision.verdict, comparisons)


def _stored_comparison(found: Comparison) -> StoredComparison:
    lower, upper = found.always_valid.lower, found.always_valid.upper
    if math.isfinite(lower) and math.isfinite(upper):
        return StoredComparison(found.difference, lower, upper)
    return StoredComparison(found.difference, None, None)
