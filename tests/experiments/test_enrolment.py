"""First exposures, and what becomes of them when the split and the bucket version change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from groundswell_server.experiments import lifecycle
from groundswell_server.experiments.assignment import Answer, Assigner
from groundswell_server.experiments.catalog import read_assigners
from groundswell_server.experiments.design import Design, Metric, Variant
from groundswell_server.experiments.enrolment import enrol
from groundswell_server.experiments.standing import standing_of
from groundswell_server.experiments.vocabulary import Allocation
from groundswell_storage.experiments import counting
from groundswell_storage.scope import Scope

DESIGN = Design((Metric("conversion_rate"),), (Variant("old", is_control=True), Variant("new")))
UNITS = [f"reader-{number}" for number in range(60)]


def now(scope: Scope) -> Assigner:
    return read_assigners(scope, ["hooks"])["hooks"]


def see_all(scope: Scope) -> Mapping[str, int]:
    """Every unit is shown what it gets now; returns the variants."""
    assigner, numbers = now(scope), counting.unit_numbers(scope, UNITS)
    stand = standing_of(scope, assigner, numbers) if assigner.looks_up else {}
    answers: dict[str, Answer] = {unit: assigner.assign(unit, {}, stand.get(unit)) for unit in UNITS}
    enrol(scope, assigner, {numbers[unit]: answer.variant for unit, answer in answers.items()})
    return {unit: answer.variant for unit, answer in answers.items()}


def test_who_got_the_same_under_a_raised_version_keeps_it_when_the_split_changes(scope: Scope) -> None:
    lifecycle.create_experiment(scope, "hooks", DESIGN)
    lifecycle.start_experiment(scope, "hooks")
    before = see_all(scope)
    raised = replace(DESIGN, bucket_version=2)
    lifecycle.update_experiment(scope, "hooks", raised)
    assert see_all(scope) == before, "the version alone moves nobody, for the buckets are the same"
    variants = (replace(DESIGN.variants[0], weight=0.1), replace(DESIGN.variants[1], weight=0.9))
    lifecycle.update_experiment(
        scope, "hooks", replace(raised, allocation=Allocation.WEIGHTED, variants=variants, coverage=1.0)
    )
    assert see_all(scope) == before
    assert sum(crossed for _, crossed in counting.read_units(scope, now(scope).number).values()) == 0
