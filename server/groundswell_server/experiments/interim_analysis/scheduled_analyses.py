"""Looks by the clock: what experiments come to is kept, and those that complete by themselves end with their winner."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from groundswell_server.experiments.enums import MetricRole
from groundswell_server.experiments.lifecycle import State, complete_experiment
from groundswell_storage.database import Database
from groundswell_storage.experiments import designs, past_looks
from groundswell_storage.experiments.past_looks import PastComparison, PastLook, Running
from groundswell_storage.scope import Scope

if TYPE_CHECKING:
    from groundswell_server.experiments.analysis.comparison import Comparison
    from groundswell_server.experiments.interim_analysis.interim_analysis import InterimAnalysis

JOB = "experiments.interim_analysis"
"""The job, which stands on the audit log as the actor of what it ends."""
MOST_KEPT = 128
"""Looks that are kept of one experiment, at most."""
LONGEST_SECONDS = 10.0
"""Looks at a time: other work by the clock, such as taking up that of a lost worker, waits for them."""
_MINUTE = timedelta(minutes=1)

log = structlog.get_logger(__name__)


def slot(age: timedelta) -> tuple[int, int]:
    """The minute of its life for which an experiment of this age is looked at, and the step between such minutes.

    The step doubles whenever 128 of them are over, so that there are 64 to 128 looks, evenly spread, after an hour and
    after a year alike.
    """
    minutes = max(age // _MINUTE, 0)
    step = 1
    while minutes >= MOST_KEPT * step:
        step *= 2
    return minutes // step * step, step


def run_due_analyses(database: Database, now: datetime, *, monotonic: Callable[[], float] = time.monotonic) -> None:
    """Looks at the experiments that are due, as many as there is time for.

    One that can't be looked at keeps no other from it.
    """
    ends = monotonic() + LONGEST_SECONDS
    waiting = due(database, now)
    for place, one in enumerate(waiting):
        if monotonic() > ends:
            log.info("experiments wait for their look", waiting=len(waiting) - place)
            return
        try:
            run_analysis(database, one, now)
        except Exception:
            log.exception("experiment not looked at", workspace=one.workspace, experiment=one.key)
            database.drop_connection()


def due(database: Database, now: datetime) -> list[Running]:
    """The experiments that run and were not looked at in the present minute of their life, unseen longest first."""
    found = (one for one in past_looks.running(database, State.RUNNING) if _slot(one, now) > one.last_minute)
    return sorted(found, key=lambda one: one.start_time + one.last_minute * _MINUTE)


def _slot(one: Running, now: datetime) -> int:
    return slot(now - one.start_time)[0]


def run_analysis(database: Database, one: Running, now: datetime) -> None:
    """Keeps what an experiment comes to, and completes it if it is to complete by itself and has a winner.

    Computed outside the transaction, which takes the result only if nobody changed the experiment meanwhile, or
    looked at it: of two workers one is heard.
    """
    # SciPy comes with it, and a worker starts without.
    from groundswell_server.experiments.interim_analysis import interim_analysis, runner

    with database.scope(one.workspace, now=now) as scope:
        experiment, counts, planned = runner.read_inputs(scope, one.key)
    found = interim_analysis.analyze(experiment, counts, now, planned, automatic=True)
    minute, step = slot(now - one.start_time)
    with database.scope(one.workspace, JOB, now=now) as scope:
        if designs.by_key(scope, one.key, lock=True).version != experiment.version:
            return
        if (
            past_looks.keep(scope, experiment.number, minute, step, _kept(found, now))
            and experiment.design.auto_complete
        ):
            _complete(scope, found)


def _complete(scope: Scope, found: InterimAnalysis) -> None:
    if found.decided.winner:
        complete_experiment(
            scope, found.experiment.key, found.decided.winner, f"By itself: {found.decided.explanation}"
        )
        log.info("experiment completed by itself", experiment=found.experiment.key, winner=found.decided.winner)


def _kept(found: InterimAnalysis, now: datetime) -> PastLook:
    analysis = found.analysis
    primary = next(one for one in analysis.results if one.spec.role is MetricRole.PRIMARY)
    compared = [_compared(primary.comparisons[variant]) for variant in sorted(primary.comparisons)]
    return PastLook(now, found.units, found.decided.verdict, compared)


def _compared(found: Comparison) -> PastComparison:
    lower, upper = found.always_valid.lower, found.always_valid.upper
    if math.isfinite(lower) and math.isfinite(upper):
        return PastComparison(found.difference, lower, upper)
    return PastComparison(found.difference, None, None)
