"""Assignment against the echo call, and events against bare inserts and upserts into the same tables."""

from __future__ import annotations

import itertools
import statistics
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc.aio

from groundswell.v1 import experiments_pb2 as pb
from groundswell.v1 import experiments_pb2_grpc
from groundswell_server.experiments import lifecycle
from groundswell_server.experiments.assignment import Assigner
from groundswell_server.experiments.catalog import read_assigners
from groundswell_server.experiments.design import Design, Metric, Variant
from groundswell_server.experiments.enrolment import enrol
from groundswell_server.experiments.recording import EventDraft, record_events
from groundswell_storage.database import connect
from groundswell_storage.experiments import counting
from groundswell_storage.experiments.counting import Occurrence, Total
from groundswell_storage.ids import uuid7
from groundswell_storage.scope import Scope
from tests.bench import requests
from tests.bench.measure import Subject, compare
from tests.bench.stage import Stage
from tests.bench.table import Row, in_echoes

BATCH, BATCHES, UNITS = 1000, 30, 20_000


async def assign_variant(stage: Stage) -> Sequence[Row]:
    """AssignVariant of a unit that is exposed already, and of new ones."""
    async with requests.stubs(stage) as (_, _, echoed), grpc.aio.insecure_channel(stage.suite.target) as channel:
        stub: Any = experiments_pb2_grpc.ExperimentsServiceStub(channel)
        design = pb.ExperimentDesign(metrics=[pb.Metric(name="conversion_rate")], variants=[pb.Variant(key="new")])
        await stub.CreateExperiment(pb.CreateExperimentRequest(key="bench", design=design))
        await stub.StartExperiment(pb.StartExperimentRequest(experiment_key="bench"))
        known = pb.AssignVariantRequest(experiment_key="bench", unit="ana")
        units = (f"reader-{number}" for number in itertools.count())
        pid = stage.suite.process.pid

        def assign_new() -> Awaitable[object]:
            new: Awaitable[object] = stub.AssignVariant(
                pb.AssignVariantRequest(experiment_key="bench", unit=next(units))
            )
            return new

        subjects = [
            (Subject("a unit already exposed", lambda: stub.AssignVariant(known), pid), 1.3),
            (Subject("a new unit, its exposure's commit included", assign_new, pid), 1.45),
        ]
        return [in_echoes(f"AssignVariant, {s.name}", await compare(s, echoed), limit) for s, limit in subjects]


async def record_events_of_experiments(stage: Stage) -> Sequence[Row]:
    """Events in batches of 1,000: durable, deduplicated, sums kept; against bare statements on the same tables."""
    pairs = [
        (_seconds(stage.folder / f"counted-{trial}.db", _counted), _seconds(stage.folder / f"bare-{trial}.db", _bare))
        for trial in range(3)
    ]
    ratio = statistics.median(bare / counted for counted, bare in pairs)
    rate = BATCH * BATCHES / statistics.median(counted for counted, _ in pairs)
    measured = f"{ratio:.2f} of bare statements"
    work = "events of experiments, rows, 1,000 a commit"
    return [Row(work, measured, f"{rate:,.0f} events a second", "at least 0.6", ratio >= 0.6)]


def _seconds(path: Path, prepare: Callable[[Scope, Assigner], Callable[[Scope, int], object]]) -> float:
    """What the batches take, one commit each, in a database of their own."""
    database = connect(f"sqlite:///{path}")
    database.migrate()
    with database.scope("default", "bench") as scope:
        lifecycle.create_experiment(scope, "bench", Design((Metric("click_through_rate"),), (Variant("new"),)))
        lifecycle.start_experiment(scope, "bench")
        assigner = read_assigners(scope, ["bench"])["bench"]
        numbers = counting.unit_numbers(scope, [f"reader-{unit}" for unit in range(UNITS)])
        enrol(scope, assigner, {number: assigner.assign(unit, {}).variant for unit, number in numbers.items()})
        run = prepare(scope, assigner)
    started = time.perf_counter()
    for batch in range(BATCHES):
        with database.scope("default", "bench") as scope:
            run(scope, batch)
    taken = time.perf_counter() - started
    database.close()
    return taken


def _counted(scope: Scope, assigner: Assigner) -> Callable[[Scope, int], object]:
    batches = [
        [
            EventDraft(place, uuid7(), "bench", f"reader-{_unit(batch, place)}", "click", 1.0, None)
            for place in range(BATCH)
        ]
        for batch in range(BATCHES)
    ]
    return lambda scope, batch: record_events(scope, {"bench": assigner}, batches[batch])


def _bare(scope: Scope, assigner: Assigner) -> Callable[[Scope, int], object]:
    numbers = counting.unit_numbers(scope, [f"reader-{unit}" for unit in range(UNITS)])
    batches = [[numbers[f"reader-{_unit(batch, place)}"] for place in range(BATCH)] for batch in range(BATCHES)]
    ids = [[UUID(uuid7()).bytes for _ in range(BATCH)] for _ in range(BATCHES)]
    now = scope.now

    def run(scope: Scope, batch: int) -> None:
        events = zip(ids[batch], batches[batch], strict=True)
        counting.insert_events(scope, assigner.number, [Occurrence(id, unit, "click", 1.0, now) for id, unit in events])
        added = [Total(0, unit, float(count), 0.0, 0.0) for unit, count in Counter(batches[batch]).items()]
        for _ in counting.add_totals(scope, assigner.number, added):
            pass

    return run


def _unit(batch: int, place: int) -> int:
    return (batch * BATCH + place) * 7919 % UNITS
