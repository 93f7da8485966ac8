"""The server itself: how soon it answers, and what it holds when idle."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Sequence

import grpc.aio

from groundswell.v1 import engagement_pb2, engagement_pb2_grpc
from tests.bench.measure import resident_mb, unpinned
from tests.bench.stage import Stage
from tests.bench.table import Row
from tests.processes import Suite


async def start_and_memory(stage: Stage) -> Sequence[Row]:
    """From start to the first answer, and what an idle server holds."""
    seconds: list[float] = []
    memory = 0.0
    for _ in range(5):
        started = time.perf_counter()
        with unpinned(), Suite(f"sqlite:///{stage.folder / 'start.db'}", "--training-workers", "0") as suite:
            async with grpc.aio.insecure_channel(suite.target) as channel:
                stub = engagement_pb2_grpc.EngagementServiceStub(channel)
                await stub.ListPersonas(engagement_pb2.ListPersonasRequest())
            seconds.append(time.perf_counter() - started)
            memory = resident_mb(suite.process.pid)
    best = min(seconds)
    return [
        Row("start to first answer", f"{best:.2f} s", "best of 5", "at most 0.5 s", best <= 0.5),
        Row("memory of an idle server", f"{memory:.0f} MB", "", "at most 120 MB", memory <= 120),
    ]


async def two_processes(stage: Stage) -> Sequence[Row]:
    """Reads by two server processes against one. Needs a core for each, and two for the load."""
    work, target = "two server processes against one", "at least 1.8 times"
    cores = os.cpu_count() or 1
    if cores < 4:
        return [Row(work, "not measured", f"needs 4 cores, and there are {cores}", target, None)]
    rates = []
    for workers in (1, 2):
        url = f"sqlite:///{stage.folder / f'workers-{workers}.db'}"
        with unpinned(), Suite(url, "--workers", str(workers), "--training-workers", "0") as suite:
            rates.append(await asyncio.to_thread(_calls_a_second, suite.target))
    one, two = rates
    return [Row(work, f"{two / one:.2f} times", f"{one:,.0f} and {two:,.0f} calls a second", target, two / one >= 1.8)]


def _calls_a_second(target: str) -> float:
    """What two loading processes get answered together."""
    command = [sys.executable, "-m", "tests.bench.load", target]
    loads = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    return sum(float(load.communicate()[0]) for load in loads)
