"""The lifecycle of an experiment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from groundswell_server.experiments import lifecycle
from groundswell_server.experiments.catalog.catalog import Catalog
from groundswell_server.experiments.design.design import Design, Factor, Metric, Variant
from groundswell_server.experiments.interim_analysis import runner
from groundswell_storage.errors import Aborted, AlreadyExists, FailedPrecondition, InvalidArgument, NotFound
from groundswell_storage.experiments.enums import Allocation, ExperimentKind, ExperimentState
from groundswell_storage.scope import Scope

DESIGN = Design((Metric("conversion_rate"),), (Variant("old", is_control=True), Variant("new")))
MOVES: dict[str, Callable[[Scope, str], lifecycle.Experiment]] = {
    "start": lifecycle.start_experiment,
    "pause": lifecycle.pause_experiment,
    "resume": lifecycle.resume_experiment,
    "complete": lifecycle.complete_experiment,
    "archive": lifecycle.archive_experiment,
}
ALLOWED = {
    ExperimentState.DRAFT: {"start": ExperimentState.RUNNING, "archive": ExperimentState.ARCHIVED},
    ExperimentState.RUNNING: {"pause": ExperimentState.PAUSED, "complete": ExperimentState.COMPLETED},
    ExperimentState.PAUSED: {"resume": ExperimentState.RUNNING, "complete": ExperimentState.COMPLETED},
    ExperimentState.COMPLETED: {"archive": ExperimentState.ARCHIVED},
    ExperimentState.ARCHIVED: {},
}
WAYS = {
    ExperimentState.DRAFT: [],
    ExperimentState.RUNNING: ["start"],
    ExperimentState.PAUSED: ["start", "pause"],
    ExperimentState.COMPLETED: ["start", "complete"],
    ExperimentState.ARCHIVED: ["archive"],
}


@pytest.mark.parametrize("state", list(ExperimentState))
@pytest.mark.parametrize("move", list(MOVES))
def test_each_state_allows_its_transitions(scope: Scope, state: ExperimentState, move: str) -> None:
    lifecycle.create_experiment(scope, "hooks", DESIGN)
    for step in WAYS[state]:
        MOVES[step](scope, "hooks")
    if move in ALLOWED[state]:
        assert MOVES[move](scope, "hooks").state is ALLOWED[state][move]
    else:
        with pytest.raises(FailedPrecondition) as refused:
            MOVES[move](scope, "hooks")
        assert (refused.value.reason, refused.value.metadata["state"]) == ("EXPERIMENT_STATE_INVALID", state.name)


def weighted(old: float, new: float) -> Design:
    variants = (Variant("old", weight=old, is_control=True), Variant("new", weight=new))
    return replace(DESIGN, allocation=Allocation.WEIGHTED, variants=variants)


def test_each_start_and_each_change_of_the_split_opens_a_phase(scope: Scope) -> None:
    lifecycle.create_experiment(scope, "hooks", DESIGN)
    lifecycle.start_experiment(scope, "hooks")
    lifecycle.update_experiment(scope, "hooks", weighted(0.2, 0.8), reason="the new one does no harm")
    lifecycle.pause_experiment(scope, "hooks")
    phases = lifecycle.resume_experiment(scope, "hooks").phases
    assert [phase.weights for phase in phases] == [(0.5, 0.5), (0.2, 0.8), (0.2, 0.8)]
    assert [phase.reason for phase in phases] == ["started", "the new one does no harm", "resumed"]
    assert [phase.end_time is None for phase in phases] == [False, False, True]


def test_the_number_of_phases_is_limited(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "MAX_PHASES", 3)
    lifecycle.create_experiment(scope, "hooks", DESIGN)
    lifecycle.start_experiment(scope, "hooks")
    for coverage in (0.4, 0.5):
        lifecycle.update_experiment(scope, "hooks", replace(DESIGN, coverage=coverage))
    with pytest.raises(FailedPrecondition) as refused:
        lifecycle.update_experiment(scope, "hooks", replace(DESIGN, coverage=0.6))
    assert (refused.value.reason, refused.value.metadata) == ("TOO_MANY_PHASES", {"limit": "3"})


def test_a_change_that_changes_nothing_opens_no_phase(scope: Scope) -> None:
    lifecycle.create_experiment(scope, "hooks", DESIGN)
    started = lifecycle.start_experiment(scope, "hooks")
    assert lifecycle.update_experiment(scope, "hooks", DESIGN) == started


def test_units_are_looked_up_after_a_change_of_the_split_until_the_bucket_version_is_raised(
    scope: Scope,
) -> None:
    lifecycle.create_experiment(scope, "hooks", DESIGN)
    assert lifecycle.start_experiment(scope, "hooks").sticky_version == 0
    changed = lifecycle.update_experiment(scope, "hooks", replace(DESIGN, coverage=0.5))
    assert changed.sticky_version == changed.design.bucket_version == 1
    raised = lifecycle.update_experiment(scope, "hooks", replace(DESIGN, coverage=0.7, bucket_version=2))
    assert (raised.sticky_version, raised.design.bucket_version) == (1, 2)


@pytest.mark.parametrize(
    "change",
    [
        {"metrics": (Metric("engagement_rate"),)},
        {"variants": (Variant("old", is_control=True), Variant("other"))},
        {"variants": (*DESIGN.variants, Variant("third"))},
        {"expected_total_sample": 77},
        {"seed": "another"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_variants_and_metrics_cannot_change_while_an_experiment_runs(scope: Scope, change: dict[str, object]) -> None:
    lifecycle.create_experiment(scope, "hooks", DESIGN)
    lifecycle.start_experiment(scope, "hooks")
    with pytest.raises(InvalidArgument) as refused:
        lifecycle.update_experiment(scope, "hooks", replace(DESIGN, **change))
    assert refused.value.reason == "EXPERIMENT_INVALID"
    assert [violation.field for violation in refused.value.fields] == [f"design.{field}" for field in change]


def test_a_refused_change_of_factors_names_the_factors(scope: Scope) -> None:
    factors = Factor("hook", ("plain", "question")), Factor("hour", ("noon", "night"))
    design = replace(DESIGN, kind=ExperimentKind.MULTIVARIATE, variants=(), factors=factors)
    lifecycle.create_experiment(scope, "hooks", design)
    lifecycle.start_experiment(scope, "hooks")
    with pytest.raises(InvalidArgument) as refused:
        lifecycle.update_experiment(scope, "hooks", replace(design, factors=factors[:1]))
    assert [violation.field for violation in refused.value.fields] == ["design.factors"]


def analysed(scope: Scope) -> None:
    runner.read_inputs(scope, "hooks")


def assigned(scope: Scope) -> None:
    async def read(work: Callable[..., Any], *args: Any) -> Any:
        return work(scope, *args)

    asyncio.run(Catalog().find("default", "hooks", read))


@pytest.mark.parametrize("read", [analysed, assigned])
def test_an_experiment_that_never_started_names_its_state(scope: Scope, read: Callable[[Scope], None]) -> None:
    lifecycle.create_experiment(scope, "hooks", DESIGN)
    for move, description in (
        (None, "DRAFT: start it first"),
        ("archive", "ARCHIVED: it was archived without having been started"),
    ):
        if move:
            lifecycle.archive_experiment(scope, "hooks")
        with pytest.raises(FailedPrecondition) as refused:
            read(scope)
        assert refused.value.message == f"experiment 'hooks' is {description}"


def test_the_end_reason_is_stored(scope: Scope) -> None:
    lifecycle.create_experiment(scope, "hooks", DESIGN)
    assert lifecycle.start_experiment(scope, "hooks").end_reason == ""
    ended = lifecycle.complete_experiment(scope, "hooks", "new", "readers asked for it")
    assert (ended.winner, ended.end_reason) == ("new", "readers asked for it")
    assert lifecycle.archive_experiment(scope, "hooks").end_reason == "readers asked for it"


def test_an_update_with_an_old_etag_is_refused(scope: Scope) -> None:
    seen = lifecycle.create_experiment(scope, "hooks", DESIGN)
    lifecycle.update_experiment(scope, "hooks", replace(DESIGN, hypothesis="faster"), etag=seen.etag)
    with pytest.raises(Aborted):
        lifecycle.update_experiment(scope, "hooks", replace(DESIGN, hypothesis="slower"), etag=seen.etag)


def test_a_key_is_unique(scope: Scope) -> None:
    lifecycle.create_experiment(scope, "hooks", DESIGN)
    with pytest.raises(AlreadyExists):
        lifecycle.create_experiment(scope, "hooks", DESIGN)
    with pytest.raises(NotFound):
        lifecycle.get_experiment(scope, "hook")


def test_lists_exclude_archived_experiments_by_default(scope: Scope) -> None:
    for key in ("first", "second", "third"):
        lifecycle.create_experiment(scope, key, DESIGN)
    lifecycle.archive_experiment(scope, "second")
    everything = lifecycle.list_experiments(scope, state=0, page_size=10, page_token="")
    away = lifecycle.list_experiments(scope, state=ExperimentState.ARCHIVED, page_size=10, page_token="")
    assert {one.key for one in everything.items} == {"first", "third"}
    assert [one.key for one in away.items] == ["second"]
