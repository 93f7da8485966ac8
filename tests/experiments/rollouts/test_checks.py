"""Checks: broken guardrails, reactions to problems, hold times, and concurrent checks."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from groundswell_server.experiments.counting.enrolment import enrol
from groundswell_server.experiments.design.design import Metric
from groundswell_server.experiments.jobs import check_rollouts
from groundswell_server.experiments.rollout_checks.checks import check
from groundswell_server.experiments.rollouts import lifecycle
from groundswell_server.experiments.rollouts.design import DEFAULT_STAGES, Reaction, Reactions, RolloutDesign
from groundswell_server.experiments.rollouts.evaluator import read_stages
from groundswell_server.settings import Settings
from groundswell_storage.database import Database, connect
from groundswell_storage.experiments import unit_counts
from groundswell_storage.experiments.enums import MetricRole, RolloutState
from groundswell_storage.experiments.rollouts import RolloutRow
from tests.experiments.rollouts.rollout_calls import CRASHES, HALF_THEN_ALL, KEY, START, Rolling, someone

WELL = {0: 50.0, 1: 50.0}
"""Crashes of the old and the new variant."""
BAD = {0: 50.0, 1: 150.0}


def test_a_rollout_advances_automatically_and_completes_after_the_last_hold(rolling: Rolling) -> None:
    rolling.begin(metrics=(CRASHES,))
    rolling.count(1000, 1000, sums=WELL)
    rolling.check(23)
    assert rolling.now(23).share == 0.5
    rolling.check(24)
    assert rolling.now(24).share == 1.0
    rolling.count(0, 500)
    rolling.check(47)
    assert rolling.now(47).state is RolloutState.RUNNING
    rolling.check(48)
    assert rolling.now(48).state is RolloutState.COMPLETED
    assert rolling.check(49) is None
    assert [step.reason for step in rolling.steps()] == [
        "created",
        "held 24 hours, and no guardrail is broken",
        "all units are on, and the last stage was held",
    ]


@pytest.mark.parametrize("state", ["running", "paused"])
def test_a_broken_guardrail_rolls_back_at_once(rolling: Rolling, state: str) -> None:
    rolling.begin(metrics=(CRASHES,))
    rolling.count(1000, 1000, sums=BAD)
    if state == "paused":
        rolling.do(lifecycle.pause_rollout)
    rolling.check(0.1)
    found = rolling.now(0.1)
    assert (found.state, found.share) == (RolloutState.ROLLED_BACK, 0.0)
    assert "the guardrail crashes is broken" in found.note
    assert rolling.steps()[-1].action == "rollout.rolled_back"
    assert found.stage.check is not None
    (crashes,) = found.stage.check.metrics
    assert (crashes.old_mean, crashes.new_mean) == (0.05, 0.15)
    assert crashes.harm_p_value < crashes.threshold == pytest.approx(0.05)


def test_a_secondary_metric_is_reported_and_stops_nothing(rolling: Rolling) -> None:
    rolling.begin(metrics=(Metric("conversion_rate", role=MetricRole.SECONDARY),))
    rolling.count(1000, 1000, sums={0: 150.0, 1: 50.0})
    rolling.check(24)
    found = rolling.now(24)
    assert found.share == 1.0
    seen = found.stages[0].check
    assert seen is not None
    assert seen.metrics[0].harm_p_value < 1e-6


def test_an_improvement_is_no_harm(rolling: Rolling) -> None:
    rolling.begin(metrics=(CRASHES,))
    rolling.count(1000, 1000, sums={0: 150.0, 1: 50.0})
    rolling.check(24)
    assert rolling.now(24).share == 1.0


PROBLEMS = {
    "sample_ratio_mismatch": {"old": 1000, "new": 1300},
    "no_traffic": {"old": 0, "new": 1000},
    "crossed_units": {"old": 1000, "new": 1000, "both": 3},
}
DONE = {
    Reaction.HOLD: (RolloutState.RUNNING, 0.5, "rollout.held"),
    Reaction.ROLL_BACK: (RolloutState.ROLLED_BACK, 0.0, "rollout.rolled_back"),
    Reaction.WARN: (RolloutState.RUNNING, 1.0, "rollout.warned"),
}


@pytest.mark.parametrize("problem", list(PROBLEMS))
@pytest.mark.parametrize("reaction", list(DONE))
def test_each_problem_has_its_configured_reaction(rolling: Rolling, problem: str, reaction: Reaction) -> None:
    calm = dict.fromkeys(PROBLEMS, Reaction.WARN)
    rolling.begin(reactions=Reactions(**{**calm, problem: reaction}))
    counts = PROBLEMS[problem]
    rolling.count(**counts)
    rolling.check(24)
    rolling.check(24.1)
    state, share, action = DONE[reaction]
    found = rolling.now(25)
    assert (found.state, found.share) == (state, share)
    (logged,) = [step for step in rolling.steps() if step.action == action]
    assert "units" in logged.reason
    seen = found.stages[0].check
    assert seen is not None
    assert problem.upper() in [one.name for one in seen.problems]


def test_a_problem_that_holds_is_in_the_audit_log_once_and_passes(rolling: Rolling) -> None:
    rolling.begin()
    for hours in (24, 25, 26):
        rolling.check(hours)
    assert rolling.now(26).share == 0.5
    assert [step.action for step in rolling.steps()] == ["rollout.created", "rollout.held"]
    rolling.count(10, 10)
    rolling.check(27)
    assert rolling.now(27).share == 1.0


def test_a_pause_stops_the_hold_time(rolling: Rolling) -> None:
    rolling.begin()
    rolling.count(100, 100)
    rolling.do(lifecycle.pause_rollout, 20)
    rolling.check(100)
    assert rolling.now(100).state is RolloutState.PAUSED
    rolling.do(lifecycle.resume_rollout, 100)
    rolling.check(103)
    assert rolling.now(103).share == 0.5
    rolling.check(104)
    assert rolling.now(104).share == 1.0


def test_a_rollout_that_was_held_long_enough_stays_where_it_was_paused(rolling: Rolling) -> None:
    rolling.begin()
    rolling.count(100, 100)
    rolling.do(lifecycle.pause_rollout, 30)
    rolling.check(31)
    assert (rolling.now(31).state, rolling.now(31).share) == (RolloutState.PAUSED, 0.5)


def test_concurrent_checks_have_the_effect_of_one(database_url: str) -> None:
    """Uses two connections, as two servers do."""
    first, second = connect(database_url), connect(database_url)
    rolling = Rolling(first)
    id = rolling.begin(stages=DEFAULT_STAGES).id
    rolling.count(100, 100)
    together = threading.Barrier(2)

    def check_all(database: Database) -> None:
        together.wait()
        with database.scope("default", now=START + timedelta(hours=24)) as scope:
            check(scope, id)
        database.drop_connection()

    both = [threading.Thread(target=check_all, args=(one,)) for one in (first, second)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert [stage.share for stage in rolling.now(24).stages] == [0.01, 0.05]
    assert [step.action for step in rolling.steps()] == ["rollout.created", "rollout.advanced"]
    for database in (first, second):
        database.close()


def test_the_job_checks_every_workspace_also_after_a_failure(database: Database) -> None:
    held = timedelta(hours=25)
    for workspace in ("a", "b", "c"):
        with database.scope(workspace) as scope:
            made = lifecycle.create_rollout(
                scope, KEY, RolloutDesign(stages=HALF_THEN_ALL), target_age=timedelta(days=7)
            )
            unit_counts.add_units(scope, made.stage.counted_as, {(1, 0): (10, 0), (1, 1): (10, 0)})
            scope.execute(
                "UPDATE rollout_stage SET running_since = running_since - ? WHERE workspace = ?",
                (held // timedelta(microseconds=1), workspace),
            )
    with database.scope("b") as scope:
        scope.update(RolloutRow, design={"broken": True}).execute()
    settings = Settings()
    for _ in range(2):
        check_rollouts(database, settings)
    shares = {}
    for workspace in ("a", "c"):
        with database.scope(workspace) as scope:
            shares[workspace] = lifecycle.get_rollout(scope, KEY).share
    assert shares == {"a": 1.0, "c": 1.0}


def test_events_count_for_the_variant_of_a_compared_unit(rolling: Rolling) -> None:
    rolling.begin(stages=DEFAULT_STAGES, metrics=(CRASHES,))
    new, old = someone(0.01, on=True), someone(0.01, on=False)
    assert rolling.record(new, "crash").recorded_count == 1
    assert rolling.record(old, "impression").recorded_count == 1
    stranger = rolling.record(someone(0.01, on=False, compared=False), "crash")
    assert [refused.reason for refused in stranger.refused] == ["UNIT_NOT_ENROLLED"]
    assert rolling.units() == {(1, 0): (1, 0), (1, 1): (1, 0)}
    rolling.do(lifecycle.roll_back_rollout)
    assert [refused.reason for refused in rolling.record(new, "crash").refused] == ["EXPERIMENT_STATE_INVALID"]


def test_a_unit_that_changes_to_the_new_variant_is_not_crossed(rolling: Rolling) -> None:
    """Beyond one half, units that were compared as old get the new variant: each stage counts separately."""
    rolling.begin()
    rolling.record(someone(1.0, on=True, compared=False, before=0.5), "impression")
    assert rolling.units() == {(1, 0): (1, 0)}
    rolling.do(lifecycle.advance_rollout)
    rolling.record(someone(1.0, on=True, compared=False, before=0.5), "impression")
    assert rolling.units() == {(1, 1): (1, 0)}


def test_a_unit_that_servers_disagree_about_is_crossed(rolling: Rolling, database: Database) -> None:
    rolling.begin()
    with database.scope("default") as scope:
        stage = read_stages(scope, [KEY], hold=False)[KEY].assigner
        unit = unit_counts.unit_numbers(scope, ["ana"])["ana"]
        for side in (0, 1):
            enrol(scope, stage, {unit: side})
    rolling.check(1)
    seen = rolling.now(1).stage.check
    assert seen is not None
    assert (seen.crossed_count, seen.old_units, seen.new_units) == (1, 0, 0)
    assert rolling.steps()[-1].action == "rollout.warned"
