"""Covariates enrol no unit, and are kept until the unit is enrolled."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from groundswell_server.experiments import lifecycle
from groundswell_server.experiments.catalog.assigner import Assigner
from groundswell_server.experiments.catalog.catalog import read_assigners
from groundswell_server.experiments.counting.enrolment import enrol
from groundswell_server.experiments.counting.event_transaction import record_events
from groundswell_server.experiments.counting.events import Outcome
from groundswell_server.experiments.design.design import Design, Metric, Variant
from groundswell_server.experiments.design.targeting_conditions import Equals
from groundswell_server.experiments.design.validation import complete
from groundswell_storage.database import Database, connect
from groundswell_storage.errors import InvalidArgument, Unavailable
from groundswell_storage.experiments import unit_counts
from groundswell_storage.experiments.enums import MetricKind
from groundswell_storage.scope import Scope
from tests.experiments.sent import Sent, batch, event

REVENUE = Metric("revenue", MetricKind.MEAN, event="purchase", covariate_event="revenue_before")
DESIGN = Design((REVENUE,), (Variant("old", is_control=True), Variant("new")))


def started(scope: Scope, **changes: Any) -> Assigner:
    lifecycle.create_experiment(scope, "hooks", Design(DESIGN.metrics, DESIGN.variants, **changes))
    lifecycle.start_experiment(scope, "hooks")
    return read_assigners(scope, ["hooks"])["hooks"]


def before(scope: Scope, unit: str, value: float, days: float = 3.0) -> Sent:
    """Returns an event of a unit's spending some days ago."""
    return event(unit, "revenue_before", value, time=scope.now - timedelta(days=days))


def record(scope: Scope, *events: Sent) -> Outcome:
    return record_events(scope, batch(scope, *events)).outcome


def units(scope: Scope, assigner: Assigner) -> int:
    return sum(units for units, _ in unit_counts.read_units(scope, assigner.number).values())


def sums(scope: Scope, assigner: Assigner) -> Mapping[str, float]:
    """Returns the sum over both variants."""
    found = unit_counts.read_sums(scope, assigner.number).values()
    return {name: sum(row[place] for row in found) for place, name in enumerate(unit_counts.SUMS)}


def test_a_covariate_enrols_no_unit(scope: Scope) -> None:
    assigner = started(scope)
    outcome = record(scope, *(before(scope, f"reader-{number}", 5.0) for number in range(50)))
    assert (outcome.recorded_count, outcome.refused) == (50, ())
    assert units(scope, assigner) == 0
    assert unit_counts.read_sums(scope, assigner.number) == {}


def test_a_covariate_counts_for_units_enrolled_later(scope: Scope) -> None:
    assigner = started(scope)
    sent = [before(scope, "ana", 5.0), before(scope, "ana", 2.0), before(scope, "bo", 100.0)]
    record(scope, *sent)
    record(scope, event("ana", "purchase", 10.0))
    assert units(scope, assigner) == 1
    assert sums(scope, assigner) == {
        **dict.fromkeys(unit_counts.SUMS, 0.0),
        "y": 10,
        "x": 7,
        "yy": 100,
        "xx": 49,
        "yx": 70,
    }
    numbers = unit_counts.unit_numbers(scope, ["bo"])
    enrol(scope, assigner, {numbers["bo"]: 1})
    assert sums(scope, assigner)["x"] == 107.0
    assert record(scope, *sent).duplicate_count == 3
    assert sums(scope, assigner)["x"] == 107.0


def test_a_covariate_may_arrive_after_the_exposure(scope: Scope) -> None:
    assigner = started(scope)
    record(scope, event("ana", "purchase", 10.0))
    record(scope, before(scope, "ana", 5.0), event("ana", "purchase", 1.0))
    assert sums(scope, assigner)["x"] == 5.0
    assert sums(scope, assigner)["yx"] == 55.0


def test_a_covariate_from_after_the_exposure_is_refused_with_its_index(scope: Scope) -> None:
    assigner = started(scope)
    first = scope.now - timedelta(minutes=2)
    record(scope, event("ana", "purchase", 10.0, time=first), event("ana", "purchase", 1.0))
    outcome = record(
        scope,
        event("bo", "purchase", 3.0),
        event("ana", "revenue_before", 5.0, time=first),
        event("ana", "revenue_before", 5.0),
        event("ana", "revenue_before", 7.0, time=first - timedelta(microseconds=1)),
    )
    assert [(one.index, one.reason) for one in outcome.refused] == [
        (1, "COVARIATE_TOO_LATE"),
        (2, "COVARIATE_TOO_LATE"),
    ]
    assert (outcome.recorded_count, outcome.duplicate_count) == (2, 0)
    assert sums(scope, assigner)["x"] == 7.0


def test_a_covariate_waits_in_a_targeted_experiment(scope: Scope) -> None:
    assigner = started(scope, targeting=Equals("country", "CH"))
    assert record(scope, before(scope, "ana", 5.0)).recorded_count == 1
    enrol(scope, assigner, {unit_counts.unit_numbers(scope, ["ana"])["ana"]: 0})
    assert sums(scope, assigner)["x"] == 5.0


def test_a_unit_enrolled_during_the_recording_counts_once(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another server enrols the unit just before its total is changed."""
    assigner, add = started(scope), unit_counts.add_totals
    record(scope, before(scope, "ana", 2.0))
    numbers = unit_counts.unit_numbers(scope, ["ana"])

    def enrols_first(*args: Any) -> unit_counts.Totals:
        monkeypatch.setattr(unit_counts, "add_totals", add)
        enrol(scope, assigner, {numbers["ana"]: 1})
        return add(*args)

    monkeypatch.setattr(unit_counts, "add_totals", enrols_first)
    record(scope, before(scope, "ana", 3.0))
    assert sums(scope, assigner) == {**dict.fromkeys(unit_counts.SUMS, 0.0), "x": 5.0, "xx": 25.0}


def test_servers_that_record_and_enrol_the_same_units_concurrently_count_all(
    database_url: str, database: Database
) -> None:
    """Each server has its own connection; four servers add to a unit's spending while a fifth enrols the unit."""
    with database.scope("default", "tester") as scope:
        assigner = started(scope)
        names = [f"reader-{number}" for number in range(40)]
        numbers = unit_counts.unit_numbers(scope, names)

    def serve(server: int) -> None:
        mine, order = connect(database_url), np.random.default_rng(server).permutation(names).tolist()
        left = [order[begin : begin + 4] for begin in range(0, len(order), 4)]
        while left:
            # On a busy machine SQLite's one writer may exceed the time-out of the others, which then retry.
            with suppress(Unavailable):
                with mine.scope("default", "tester") as scope:
                    if server == 0:
                        enrol(scope, assigner, {numbers[unit]: 0 for unit in left[-1]})
                    else:
                        assert not record(scope, *(before(scope, unit, float(server)) for unit in left[-1])).refused
                left.pop()
        mine.close()

    with ThreadPoolExecutor(5) as servers:
        list(servers.map(serve, range(5)))
    with database.scope("default", "tester") as scope:
        assert sums(scope, assigner) == {**dict.fromkeys(unit_counts.SUMS, 0.0), "x": 400.0, "xx": 4_000.0}


def test_a_crossing_unit_keeps_its_covariate(scope: Scope) -> None:
    assigner = started(scope)
    record(scope, before(scope, "ana", 5.0))
    number = unit_counts.unit_numbers(scope, ["ana"])["ana"]
    enrol(scope, assigner, {number: 0})
    enrol(scope, assigner, {number: 1})
    record(scope, before(scope, "ana", 3.0))
    assert sums(scope, assigner) == dict.fromkeys(unit_counts.SUMS, 0.0)


def test_an_outcome_from_before_the_experiment_is_refused(scope: Scope) -> None:
    assigner = started(scope)
    began = scope.now
    outcome = record(
        scope,
        event("ana", "purchase", time=began - timedelta(minutes=6)),
        event("bo", "purchase", time=began - timedelta(minutes=4)),
        before(scope, "cy", 1.0, days=400),
    )
    assert [(one.index, one.reason) for one in outcome.refused] == [(0, "EVENT_INVALID")]
    assert units(scope, assigner) == 1, "clocks may be off by five minutes"


def test_a_name_is_an_outcome_or_a_covariate() -> None:
    with pytest.raises(InvalidArgument) as refused:
        complete(Design((Metric("spent", MetricKind.MEAN, event="buy", covariate_event="buy"),), (Variant("a"),)), "x")
    assert [one.field for one in refused.value.fields] == ["design.metrics[0].covariate_event"]
