"""Events of experiments, from the bytes of a message to those of its answer, against bare statements.

Each batch is a commit: durable, deduplicated, sums kept. The bare statements are the driver's own `executemany` into
the same tables, values ready: an insert for each event, an upsert for each unit, a commit. Both take their turns, batch
by batch, on databases of their own that hold the same.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from groundswell.v1 import experiments_pb2 as pb
from groundswell_server.experiments import lifecycle, messages
from groundswell_server.experiments.catalog.catalog import read_assigners
from groundswell_server.experiments.counting.event_transaction import record_events
from groundswell_server.experiments.counting.unit_variant_cache import UnitVariantCache
from groundswell_server.experiments.design.design import Design, Metric, Variant
from groundswell_server.experiments.messages.fast_accept import accepts_stream
from groundswell_storage.database import Database, connect
from groundswell_storage.experiments import unit_counts
from groundswell_storage.ids import uuid7
from tests import postgresql
from tests.bench.stage import Stage
from tests.bench.table import Row

BATCH, BATCHES, UNITS = 1000, 40, 20_000
AT_LEAST = {"rows": 0.6, "columns": 0.8}
_BARE_EVENT = "INSERT INTO experiment_event VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
_BARE_TOTAL = (
    "INSERT INTO unit_total VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (experiment, metric, unit) DO UPDATE "
    "SET y = unit_total.y + excluded.y, z = unit_total.z + excluded.z, x = unit_total.x + excluded.x"
)


async def record_events_of_experiments(stage: Stage) -> Sequence[Row]:
    """On SQLite, CPU time: what the disk takes is the same for all."""
    urls = [f"sqlite:///{stage.folder / f'events-{name}.db'}" for name in ("bare", *AT_LEAST)]
    return _compare(urls, "events of experiments", time.process_time)


async def record_events_on_postgresql(stage: Stage) -> Sequence[Row]:
    """On PostgreSQL, by the clock: most of the work is done in its processes."""
    server = postgresql.start(stage.folder / "postgresql")
    head, _, tail = server.get_uri().partition("/postgres?")
    urls = []
    for name in ("bare", *AT_LEAST):
        server.psql(f"CREATE DATABASE {name}")
        urls.append(f"{head}/{name}?{tail}")
    try:
        return _compare(urls, "the same on PostgreSQL", time.perf_counter)
    finally:
        server.cleanup()


def _compare(urls: Sequence[str], work: str, clock: Callable[[], float]) -> list[Row]:
    with ExitStack() as open_until_the_end:
        grounds = [Ground(url) for url in urls]
        for ground in grounds:
            open_until_the_end.callback(ground.database.close)
        runs = [grounds[0].bare, grounds[1].rows, grounds[2].columns]
        taken: list[list[float]] = []
        for batch in range(BATCHES):
            prepared = [run(batch) for run in runs]
            taken.append([_seconds(ready, clock) for ready in prepared])
    bare, *ours = zip(*taken, strict=True)
    return [
        _row(f"{work}, {name}, 1,000 a commit", bare, mine, least)
        for (name, least), mine in zip(AT_LEAST.items(), ours, strict=True)
    ]


def _seconds(run: Callable[[], None], clock: Callable[[], float]) -> float:
    started = clock()
    run()
    return clock() - started


def _row(work: str, bare: Sequence[float], ours: Sequence[float], least: float) -> Row:
    ratio = statistics.median(one / other for one, other in zip(bare, ours, strict=True))
    rates = [f"{BATCH / statistics.median(taken):,.0f}" for taken in (ours, bare)]
    yardstick = f"{rates[0]} events a second, bare {rates[1]}"
    return Row(work, f"{ratio:.2f} of bare statements", yardstick, f"at least {least}", ratio >= least)


class Ground:
    """An experiment whose units take part already, on a database of its own."""

    def __init__(self, url: str) -> None:
        self.database: Database = connect(url)
        self.database.migrate()
        self._rosters = UnitVariantCache()
        with self.database.scope("default", "bench") as scope:
            lifecycle.create_experiment(scope, "bench", Design((Metric("click_through_rate"),), (Variant("new"),)))
            lifecycle.start_experiment(scope, "bench")
            self._known = read_assigners(scope, ["bench"])
        for begin in range(0, UNITS, BATCH):
            self._serve(_columns(range(begin, begin + BATCH)).SerializeToString())
        with self.database.scope("default", "bench") as scope:
            self._numbers = unit_counts.unit_numbers(scope, [_name(unit) for unit in range(UNITS)])

    def rows(self, batch: int) -> Callable[[], None]:
        """A batch in rows."""
        return partial(self._serve, _rows(_units(batch)).SerializeToString())

    def columns(self, batch: int) -> Callable[[], None]:
        """A batch in columns."""
        return partial(self._serve, _columns(_units(batch)).SerializeToString())

    def bare(self, batch: int) -> Callable[[], None]:
        """A batch by bare statements."""
        numbers = [self._numbers[_name(unit)] for unit in _units(batch)]
        experiment, now = self._known["bench"].number, time.time_ns() // 1000
        events = [("default", experiment, UUID(uuid7()).bytes, number, "click", 1.0, now) for number in numbers]
        totals = [("default", experiment, 0, number, 1.0, 0.0, 0.0) for number in sorted(numbers)]

        def run() -> None:
            with self.database.transaction():
                self._execute_many(_BARE_EVENT, events)
                self._execute_many(_BARE_TOTAL, totals)

        return run

    def _execute_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        self.database.engine.raw().cursor().executemany(
            sql if self.database.dialect == "sqlite" else sql.replace("?", "%s"), rows
        )

    def _serve(self, message: bytes) -> None:
        """What the server does between the bytes of a message and those of its answer."""
        request = pb.StreamEventsRequest.FromString(message)
        assert accepts_stream(request)
        events = messages.events_in(request, datetime.now(UTC))
        with self.database.scope("default", "bench") as scope:
            recorded = record_events(scope, events, self._known, self._rosters)
        for roster in recorded.found:
            self._rosters.remember(roster)
        answer = pb.StreamEventsResponse(outcome=messages.outcome_message(request, recorded.outcome))
        assert answer.outcome.recorded_count == BATCH
        answer.SerializeToString()


def _rows(units: Sequence[int]) -> pb.StreamEventsRequest:
    events = [pb.ExperimentEvent(id=uuid7(), experiment_key="bench", unit=_name(one), name="click") for one in units]
    return pb.StreamEventsRequest(events=events)


def _columns(units: Sequence[int]) -> pb.StreamEventsRequest:
    columns = pb.EventColumns(
        ids=b"".join(UUID(uuid7()).bytes for _ in units),
        experiment_keys=["bench"],
        names=["click"],
        units=[_name(unit) for unit in units],
        unit_indexes=range(len(units)),
    )
    return pb.StreamEventsRequest(columns=columns)


def _units(batch: int) -> list[int]:
    """A thousand different ones, scattered over all."""
    return [(batch * BATCH + place) * 7919 % UNITS for place in range(BATCH)]


def _name(unit: int) -> str:
    return f"reader-{unit}"
