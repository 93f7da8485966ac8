"""The lifecycle of a rollout: its transitions, clock, key and history."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from groundswell_server.experiments import lifecycle as experiments
from groundswell_server.experiments.design.design import Design, Metric, Variant
from groundswell_server.experiments.rollouts import lifecycle
from groundswell_server.experiments.rollouts.design import (
    DEFAULT_STAGES,
    Reaction,
    Reactions,
    RolloutDesign,
    Stage,
    complete,
)
from groundswell_server.experiments.rollouts.rollout import Rollout
from groundswell_storage.errors import Aborted, AlreadyExists, FailedPrecondition, InvalidArgument
from groundswell_storage.experiments.enums import MetricRole, RolloutState
from groundswell_storage.fields import to_json
from groundswell_storage.records import from_plain, plain
from groundswell_storage.scope import Scope
from tests.experiments.rollouts.rollout_calls import CRASHES, DAY, KEY, Rolling

MOVES: dict[str, Callable[..., Rollout]] = {
    "advance": lifecycle.advance_rollout,
    "pause": lifecycle.pause_rollout,
    "resume": lifecycle.resume_rollout,
    "roll back": lifecycle.roll_back_rollout,
}
RUNNING, PAUSED, COMPLETED, ROLLED_BACK = RolloutState
ALLOWED = {
    RUNNING: {"advance": RUNNING, "pause": PAUSED, "roll back": ROLLED_BACK},
    PAUSED: {"resume": RUNNING, "roll back": ROLLED_BACK},
    COMPLETED: {"roll back": ROLLED_BACK},
    ROLLED_BACK: {},
}
WAYS = {RUNNING: [], PAUSED: ["pause"], COMPLETED: ["advance", "advance"], ROLLED_BACK: ["roll back"]}


@pytest.mark.parametrize("state", list(RolloutState))
@pytest.mark.parametrize("move", list(MOVES))
def test_each_state_allows_its_transitions(rolling: Rolling, state: RolloutState, move: str) -> None:
    rolling.begin()
    for step in WAYS[state]:
        rolling.do(MOVES[step])
    if move in ALLOWED[state]:
        assert rolling.do(MOVES[move]).state is ALLOWED[state][move]
    else:
        with pytest.raises(FailedPrecondition) as refused:
            rolling.do(MOVES[move])
        assert (refused.value.reason, refused.value.metadata["state"]) == ("ROLLOUT_STATE_INVALID", state.name)


def test_a_rollout_has_the_default_stages(rolling: Rolling) -> None:
    begun = rolling.begin(stages=DEFAULT_STAGES)
    assert [stage.share for stage in begun.design.stages] == [0.01, 0.05, 0.10, 0.25, 0.50, 1.00]
    assert {stage.hold for stage in begun.design.stages} == {DAY}
    assert (begun.state, begun.share) == (RUNNING, 0.01)


def test_the_share_is_that_of_the_stage_and_zero_after_a_rollback(rolling: Rolling) -> None:
    shares = [rolling.begin().share, rolling.do(lifecycle.advance_rollout).share]
    shares += [rolling.do(lifecycle.advance_rollout).share, rolling.do(lifecycle.roll_back_rollout).share]
    assert shares == [0.5, 1.0, 1.0, 0.0]


def test_a_pause_stops_the_clock(rolling: Rolling) -> None:
    rolling.begin()
    rolling.do(lifecycle.pause_rollout, 5)
    assert rolling.now(20).stage.held == timedelta(hours=5)
    rolling.do(lifecycle.resume_rollout, 20)
    assert rolling.now(22).stage.held == timedelta(hours=7)
    assert rolling.do(lifecycle.advance_rollout, 23).stages[0].held == timedelta(hours=8)
    assert rolling.now(30).stages[0].held == timedelta(hours=8)


def test_one_of_two_concurrent_advances_is_refused(rolling: Rolling) -> None:
    etag = rolling.begin().etag
    rolling.do(lifecycle.advance_rollout, etag=etag)
    with pytest.raises(Aborted) as refused:
        rolling.do(lifecycle.advance_rollout, etag=etag)
    assert refused.value.reason == "ETAG_MISMATCH"
    assert rolling.now().share == 1.0


def test_each_step_is_in_the_audit_log_with_its_reason(rolling: Rolling) -> None:
    rolling.begin()
    rolling.do(lifecycle.pause_rollout, reason="the office is empty")
    rolling.do(lifecycle.resume_rollout, reason="it is Monday")
    rolling.do(lifecycle.advance_rollout, reason="all is well")
    rolling.do(lifecycle.advance_rollout, reason="still well")
    rolling.do(lifecycle.roll_back_rollout, reason="a customer called")
    steps = rolling.steps()
    assert [(step.action, step.reason) for step in steps] == [
        ("rollout.created", "created"),
        ("rollout.paused", "the office is empty"),
        ("rollout.resumed", "it is Monday"),
        ("rollout.advanced", "all is well"),
        ("rollout.completed", "still well"),
        ("rollout.rolled_back", "a customer called"),
    ]
    assert steps[0].after is not None
    assert steps[0].after["design"]["stages"][0] == {"share": 0.5, "hold": 86400.0}
    assert (steps[3].before, steps[3].after) == (
        {"state": "RUNNING", "stage": 0},
        {"state": "RUNNING", "stage": 1},
    )


def test_experiments_and_rollouts_share_their_keys(scope: Scope) -> None:
    doors = Design((Metric("conversion_rate"),), (Variant("new"),))
    create_rollout = partial(lifecycle.create_rollout, target_age=timedelta(days=7))
    experiments.create_experiment(scope, "doors", doors)
    create_rollout(scope, KEY, RolloutDesign())
    for create, key, design in (
        (create_rollout, "doors", RolloutDesign()),
        (create_rollout, KEY, RolloutDesign()),
        (experiments.create_experiment, KEY, doors),
    ):
        with pytest.raises(AlreadyExists) as refused:
            create(scope, key, design)  # type: ignore[operator]
        assert refused.value.reason == "EXPERIMENT_KEY_TAKEN"
        assert refused.value.message == f"experiment or rollout {key!r} exists already"


def test_metrics_are_guardrails_by_default() -> None:
    metrics = complete(RolloutDesign(metrics=(CRASHES, Metric("conversion_rate", role=MetricRole.SECONDARY)))).metrics
    assert [metric.role for metric in metrics] == [MetricRole.GUARDRAIL, MetricRole.SECONDARY]
    assert metrics[1].event == "conversion"


@pytest.mark.parametrize(
    ("field", "design"),
    [
        ("stages", RolloutDesign(stages=(Stage(0.5, DAY),))),
        ("stages", RolloutDesign(stages=(Stage(1.0, DAY),), model_id="01890a5d-ac96-774b-bcce-b302099a8057")),
        ("metrics[0].role", RolloutDesign(metrics=(Metric("conversion_rate", role=MetricRole.PRIMARY),))),
        ("metrics[0].name", RolloutDesign(metrics=(Metric("joy"),))),
        ("metrics", RolloutDesign(metrics=(CRASHES, CRASHES))),
    ],
)
def test_designs_that_contradict_themselves_are_refused(field: str, design: RolloutDesign) -> None:
    with pytest.raises(InvalidArgument) as refused:
        complete(design)
    assert [one.field for one in refused.value.fields] == [f"design.{field}"]
    assert refused.value.reason == "EXPERIMENT_INVALID"


def test_a_design_is_stored_unchanged() -> None:
    design = complete(
        RolloutDesign("new search", metrics=(CRASHES,), reactions=Reactions(sample_ratio_mismatch=Reaction.ROLL_BACK))
    )
    record = plain(design)
    assert to_json(record)
    assert from_plain(RolloutDesign, record) == design


def test_the_stages_that_compare_share_alpha() -> None:
    """Six stages, of which the last has no comparison: five tests at a fifth of 5% each."""
    assert RolloutDesign().alpha == pytest.approx(0.05 / 5)
    assert [RolloutDesign().planned_units(stage) for stage in range(6)] == [200, 1000, 2000, 5000, 10_000, 60]
