"""Scheduled interim analyses: a bounded history, and completion by the always-valid test alone, once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell_server.experiments import lifecycle
from groundswell_server.experiments.analysis import metric
from groundswell_server.experiments.design.design import Metric
from groundswell_server.experiments.interim_analysis import interim_analysis, runner, scheduled_analyses
from groundswell_server.experiments.interim_analysis.scheduled_analyses import (
    MAX_STORED,
    due,
    run_analysis,
    run_due_analyses,
    slot,
)
from groundswell_server.experiments.jobs import PERIODIC
from groundswell_server.settings import Settings
from groundswell_storage.audit import audit
from groundswell_storage.database import Database
from groundswell_storage.experiments import interim_analyses
from groundswell_storage.experiments.enums import ExperimentKind, ExperimentState, MetricKind, Verdict
from tests.experiments.counted import count, start

CLEAR = {"old": (100, 1_000), "new": (170, 1_000)}
AT_ONCE_ONLY = {"old": (100, 1_000), "new": (135, 1_000)}
"""Significant by the fixed-horizon test, which a scheduled analysis never uses."""
MINUTE = timedelta(minutes=1)
SPENT = interim_analysis.InterimDecision(
    Verdict.NOT_SIGNIFICANT, "", 0.0, "", (), True, datetime(2026, 1, 1, tzinfo=UTC)
)
"""The decision at the planned size; the always-valid test decides all other analyses."""


def later(minutes: float) -> datetime:
    return datetime.now(UTC) + minutes * MINUTE


def history(database: Database, key: str = "hooks") -> list[interim_analyses.StoredAnalysis]:
    with database.scope("default") as scope:
        return interim_analyses.read(scope, key)


def now_of(database: Database, key: str = "hooks") -> lifecycle.Experiment:
    with database.scope("default") as scope:
        return lifecycle.get_experiment(scope, key)


def test_an_experiment_with_a_winner_is_completed_with_its_reason(database: Database) -> None:
    with database.scope("default") as scope:
        count(scope, start(scope), CLEAR)
    run_due_analyses(database, later(1))
    ended = now_of(database)
    assert (ended.state, ended.winner) == (ExperimentState.COMPLETED, "new")
    assert ended.end_reason.startswith("Completed automatically: new beats old by 70.0%: always-valid p = ")
    assert ended.end_time is not None
    assert ended.phases[-1].end_time == ended.end_time
    assert [one.verdict for one in history(database)] == [Verdict.WINNER]
    with database.scope("default") as scope:
        (entry,) = audit.list_entries(scope, action="experiment.completed").items
    assert (entry.actor, entry.reason) == ("experiments.interim_analysis", ended.end_reason)


def test_analyses_leave_time_for_other_work_and_every_experiment_has_a_turn(database: Database) -> None:
    keys = ["hooks", "colours", "lengths"]
    with database.scope("default") as scope:
        for key in keys:
            count(scope, start(scope, key=key, auto_complete=False), AT_ONCE_ONLY)
    histories = []
    for minute in range(1, 7):
        # Its time is over after the first analysis.
        ticks = iter([0.0, 0.0, scheduled_analyses.MAX_SECONDS + 1.0])
        run_due_analyses(database, later(minute), monotonic=ticks.__next__)
        histories.append([len(history(database, key)) for key in keys])
    assert histories == [[1, 0, 0], [1, 1, 0], [1, 1, 1], [2, 1, 1], [2, 2, 1], [2, 2, 2]]


@pytest.mark.parametrize("kind", [ExperimentKind.AB_TEST, ExperimentKind.BANDIT])
def test_scheduled_analyses_decide_without_posteriors(database: Database, kind: ExperimentKind) -> None:
    with database.scope("default") as scope:
        count(scope, start(scope, kind=kind), CLEAR)
        read = runner.read_inputs(scope, "hooks")
    asked = interim_analysis.analyze(*read[:2], later(1), SPENT)
    with (
        patch.object(metric, "beta_posteriors", side_effect=AssertionError),
        patch.object(metric, "normal_posteriors", side_effect=AssertionError),
    ):
        found = interim_analysis.analyze(*read[:2], later(1), SPENT, is_scheduled=True)
        run_due_analyses(database, later(1))
    assert found.decision == replace(asked.decision, time=found.decision.time)
    assert [one.comparisons for one in found.analysis.results] == [one.comparisons for one in asked.analysis.results]
    assert len(history(database)) == 1


def test_a_winner_of_the_fixed_horizon_test_completes_nothing(database: Database) -> None:
    with database.scope("default") as scope:
        count(scope, start(scope), AT_ONCE_ONLY)
        found = interim_analysis.analyze(*runner.read_inputs(scope, "hooks")[:2], later(0), None)
        assert (found.decision.winner, found.decision.is_fixed_horizon) == ("new", True)
    run_due_analyses(database, later(1))
    assert now_of(database).state is ExperimentState.RUNNING
    assert [one.verdict for one in history(database)] == [Verdict.NOT_SIGNIFICANT]
    with database.scope("default") as scope:
        assert runner.read_planned_decision(scope, "hooks") is None, "people run the analysis at the planned size"


@pytest.mark.parametrize("changes", [{"auto_complete": False}, {"min_runtime": timedelta(hours=1)}])
def test_without_auto_complete_or_enough_runtime_an_experiment_continues(
    database: Database, changes: dict[str, object]
) -> None:
    with database.scope("default") as scope:
        count(scope, start(scope, **changes), CLEAR)
    run_due_analyses(database, later(1))
    assert now_of(database).state is ExperimentState.RUNNING
    assert len(history(database)) == 1


def test_a_control_that_beats_all_wins(database: Database) -> None:
    with database.scope("default") as scope:
        count(scope, start(scope), {"old": (170, 1_000), "new": (100, 1_000)})
    run_due_analyses(database, later(1))
    assert now_of(database).winner == "old"


def test_drafts_paused_and_completed_experiments_are_not_analysed(database: Database) -> None:
    with database.scope("default") as scope:
        count(scope, start(scope), CLEAR)
        lifecycle.pause_experiment(scope, "hooks")
        lifecycle.create_experiment(scope, "draft", start(scope, "ended").design)
        lifecycle.complete_experiment(scope, "ended")
    assert list(due(database, later(9))) == []


def test_all_workspaces_are_analysed_also_after_a_failure(database: Database) -> None:
    for workspace in ("broken", "sound"):
        with database.scope(workspace) as scope:
            count(scope, start(scope), CLEAR)
    unpatched = interim_analysis.analyze

    def breaks(experiment: lifecycle.Experiment, *args: object, **options: object) -> interim_analysis.InterimAnalysis:
        if experiment.id == broken.id:
            raise ZeroDivisionError
        return unpatched(experiment, *args, **options)  # type: ignore[arg-type]

    with database.scope("broken") as scope:
        broken = lifecycle.get_experiment(scope, "hooks")
    with patch.object(interim_analysis, "analyze", breaks):
        run_due_analyses(database, later(1))
    with database.scope("sound") as scope:
        assert lifecycle.get_experiment(scope, "hooks").winner == "new"


def test_two_concurrent_workers_store_one_analysis_and_complete_once(database: Database) -> None:
    with database.scope("default") as scope:
        count(scope, start(scope), CLEAR)
    moment = later(1)
    (one,) = due(database, moment)
    unpatched = interim_analysis.analyze

    def overtaken(*args: object, **options: object) -> interim_analysis.InterimAnalysis:
        """Another worker runs the whole analysis while this one computes."""
        with patch.object(interim_analysis, "analyze", unpatched):
            run_analysis(database, one, moment)
        return unpatched(*args, **options)  # type: ignore[arg-type]

    with patch.object(interim_analysis, "analyze", overtaken):
        run_analysis(database, one, moment)
    assert len(history(database)) == 1
    assert now_of(database).version == 3, "created, started, completed once"


def test_two_concurrent_workers_store_one_analysis_of_a_running_experiment(database: Database) -> None:
    with database.scope("default") as scope:
        count(scope, start(scope), AT_ONCE_ONLY)
    moment = later(1)
    (one,) = due(database, moment)
    run_analysis(database, one, moment)
    run_analysis(database, one, moment)
    assert len(history(database)) == 1
    assert list(due(database, moment)) == []
    assert len(list(due(database, moment + MINUTE))) == 1


def test_an_experiment_that_changed_meanwhile_is_left_for_the_next_round(database: Database) -> None:
    with database.scope("default") as scope:
        count(scope, start(scope), CLEAR)
    (one,) = due(database, later(1))
    unpatched = interim_analysis.analyze

    def paused_meanwhile(*args: object, **options: object) -> interim_analysis.InterimAnalysis:
        with database.scope("default") as scope:
            lifecycle.pause_experiment(scope, "hooks")
        return unpatched(*args, **options)  # type: ignore[arg-type]

    with patch.object(interim_analysis, "analyze", paused_meanwhile):
        run_analysis(database, one, later(1))
    assert now_of(database).state is ExperimentState.PAUSED
    assert history(database) == []


def test_the_history_holds_the_intervals_of_the_analysis(database: Database) -> None:
    with database.scope("default") as scope:
        experiment = start(scope, auto_complete=False)
    run_due_analyses(database, later(1))
    with database.scope("default") as scope:
        count(scope, experiment, AT_ONCE_ONLY)
    run_due_analyses(database, later(2))
    with database.scope("default") as scope:
        now, counts, planned = runner.read_inputs(scope, "hooks")
    found = interim_analysis.analyze(now, counts, later(2), planned, is_scheduled=True)
    nothing, something = history(database)
    assert (nothing.units, something.units) == (0, 2_000)
    assert nothing.comparisons == [(0.0, -1.0, 1.0)]
    compared = found.analysis.results[0].comparisons[1]
    always_valid = compared.always_valid
    assert something.comparisons[0] == pytest.approx((compared.difference, always_valid.lower, always_valid.upper))


def test_an_unbounded_difference_has_no_interval(database: Database) -> None:
    with database.scope("default") as scope:
        start(scope, metrics=(Metric("revenue", MetricKind.MEAN, event="purchase"),))
    run_due_analyses(database, later(1))
    assert history(database)[0].comparisons == [(0.0, None, None)]


def test_a_long_experiment_has_few_analyses_evenly_spaced(database: Database) -> None:
    """Analysed every minute of three hours, and every other day for a year after that."""
    with database.scope("default") as scope:
        experiment = start(scope)
        stored = interim_analyses.StoredAnalysis(experiment.create_time, 0, Verdict.NEEDS_SAMPLES, [])
        kept: list[int] = []
        for minute in [*range(180), *range(1440, 365 * 1440, 2 * 1440)]:
            first, step = slot(minute * MINUTE)
            if not kept or first > kept[-1]:
                interim_analyses.store(scope, experiment.number, first, step, stored)
                kept = sorted(row.minute for row in scope.select(interim_analyses.InterimAnalysisRow))
                assert len(kept) <= MAX_STORED
    assert len(kept) > MAX_STORED / 2
    apart = {after - before for before, after in pairwise(kept[1:])}
    assert min(apart) >= slot(minute * MINUTE)[1]


@given(st.integers(0, 10**7))
def test_a_minute_has_one_analysis(minutes: int) -> None:
    first, step = slot(minutes * MINUTE)
    assert first <= minutes < first + step
    assert first % step == 0
    assert minutes < MAX_STORED * step
    assert step == 1 or minutes >= MAX_STORED // 2 * step


def test_a_worker_runs_scheduled_analyses(database: Database) -> None:
    with database.scope("default", now=later(-3)) as scope:
        count(scope, start(scope), CLEAR)
    (job,) = [one for one in PERIODIC if one.name == "experiments.interim_analysis"]
    job.run(database, Settings(database_url=database.url))
    assert now_of(database).winner == "new"
    assert scheduled_analyses.slot(timedelta(0)) == (0, 1)


def test_running_experiments_are_found_without_reading_the_others(database: Database) -> None:
    explain = "EXPLAIN QUERY PLAN" if database.dialect == "sqlite" else "EXPLAIN"
    with database.transaction():
        if database.dialect != "sqlite":  # PostgreSQL would scan such a small table
            database.execute("SET LOCAL enable_seqscan = off")
        plan = database.execute(f"{explain} {interim_analyses.RUNNING}", (ExperimentState.RUNNING,)).fetchall()
    assert "experiment_state_number" in str([tuple(row) for row in plan])
