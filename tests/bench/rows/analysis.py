"""AnalyzeExperiment where ten million events were recorded, against ten thousand: it reads sums, never events."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

import grpc.aio

from groundswell.v1 import experiments_pb2 as pb
from groundswell.v1 import experiments_pb2_grpc
from groundswell_server.experiments import lifecycle
from groundswell_server.experiments.catalog.catalog import read_assigners
from groundswell_server.experiments.counting.event_transaction import record_events
from groundswell_server.experiments.counting.events import Events
from groundswell_server.experiments.counting.unit_variant_cache import UnitVariantCache
from groundswell_server.experiments.design.design import Design, Metric, Variant
from groundswell_storage.database import connect
from tests.bench.measure import Subject, compare
from tests.bench.stage import Stage
from tests.bench.table import Row
from tests.processes import Suite

MOST, FEWEST, BATCH = 10_000_000, 10_000, 10_000
EVENTS_OF_A_UNIT = {MOST: 50, FEWEST: 5}
"""So that 200,000 units take part, and 2,000."""
LIMIT = 1.2
CALLS = 100


async def analyze_ten_million(stage: Stage) -> Sequence[Row]:
    """Takes minutes, most of them to record the events; so it runs only when it is asked for by name."""
    with ExitStack() as open_until_the_end:
        taken, subjects = [], []
        for events in (MOST, FEWEST):
            url = f"sqlite:///{stage.folder / f'events-{events}.db'}"
            started = time.perf_counter()
            record(url, events)
            taken.append(time.perf_counter() - started)
            suite = open_until_the_end.enter_context(Suite(url, "--services", "experiments", "--training-workers", "0"))
            subjects.append((f"{events:,} events", suite.target, suite.process.pid))
        (name, target, pid), (other_name, other_target, other_pid) = subjects
        async with grpc.aio.insecure_channel(target) as channel, grpc.aio.insecure_channel(other_target) as other:
            cost = await compare(
                Subject(name, partial(_analyze, channel), pid, calls=CALLS),
                Subject(other_name, partial(_analyze, other), other_pid, calls=CALLS),
            )
    work = f"AnalyzeExperiment at {name}, against {other_name}"
    measured = f"{cost.ratio:.2f} of it ({cost.spread[0]:.2f} to {cost.spread[1]:.2f})"
    yardstick = f"{cost.subject_us / 1000:.1f} ms of CPU; {taken[0]:.0f} s to record them"
    return [Row(work, measured, yardstick, f"at most {LIMIT}", cost.ratio <= LIMIT)]


async def _analyze(channel: grpc.aio.Channel) -> pb.AnalyzeExperimentResponse:
    stub: Any = experiments_pb2_grpc.ExperimentsServiceStub(channel)
    answer: pb.AnalyzeExperimentResponse = await stub.AnalyzeExperiment(
        pb.AnalyzeExperimentRequest(experiment_key="bench")
    )
    return answer


def record(url: str, events: int) -> None:
    """Records events as the server does, ten thousand a commit."""
    database = connect(url)
    database.migrate()
    rosters = UnitVariantCache()
    design = Design((Metric("click_through_rate"), Metric("conversion_rate")), (Variant("new"),))
    with database.scope("default", "bench") as scope:
        lifecycle.create_experiment(scope, "bench", design)
        lifecycle.start_experiment(scope, "bench")
        known = read_assigners(scope, ["bench"])
    for begin in range(0, events, BATCH):
        with database.scope("default", "bench") as scope:
            recorded = record_events(
                scope, _batch(begin, EVENTS_OF_A_UNIT[events], time.time_ns() // 1000), known, rosters
            )
        assert recorded.outcome.recorded_count == BATCH
        for roster in recorded.found:
            rosters.remember(roster)
    database.close()


def _batch(begin: int, of_a_unit: int, now: int) -> Events:
    numbers = range(begin, begin + BATCH)
    return Events(
        ids=[((0x0197 << 112) | (7 << 76) | (2 << 62) | number).to_bytes(16) for number in numbers],
        experiment_keys=["bench"] * BATCH,
        units=[f"reader-{number // of_a_unit}" for number in numbers],
        names=[_name(number, of_a_unit) for number in numbers],
        values=[1.0] * BATCH,
        times=[now] * BATCH,
        places=range(BATCH),
    )


def _name(number: int, of_a_unit: int) -> str:
    """Of a unit's events every fifth is a click; every third unit converts."""
    if number % of_a_unit == 0 and number // of_a_unit % 3 == 0:
        return "conversion"
    return "click" if number % 5 == 4 else "impression"
