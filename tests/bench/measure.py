"""Measuring what a server spends: CPU time of its process per call, paired round by round with a yardstick.

Wall time on a shared machine says more about the neighbours than about the code. CPU time of the serving process,
compared with that of a bare echo call in the round beside it, holds when the machine's speed drifts.
"""

from __future__ import annotations

import asyncio
import os
import statistics
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

Call = Callable[[], Awaitable[object]]

ROUNDS = 7
CONCURRENCY = 16


@dataclass(frozen=True, slots=True)
class Subject:
    """Something to load: a call, and the process that answers it."""

    name: str
    call: Call
    pid: int
    calls: int = 2000
    """Calls a round."""
    units: int = 1
    """What one call is worth, such as 1,000 scores."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two subjects cost."""

    subject_us: float
    """CPU microseconds of the subject's process per unit, median of the rounds."""
    yardstick_us: float
    """The same of the yardstick."""
    ratio: float
    """Median over the rounds of subject / yardstick."""
    spread: tuple[float, float]
    """Least and greatest ratio of a round."""


async def compare(subject: Subject, yardstick: Subject, rounds: int = ROUNDS) -> Comparison:
    """Loads both in turn, A B A B, after a warm-up of each."""
    for warm in (subject, yardstick):
        await _load(warm.call, max(warm.calls // 4, 1))
    pairs = [(await _cost(subject), await _cost(yardstick)) for _ in range(rounds)]
    ratios = [one / other for one, other in pairs]
    return Comparison(
        subject_us=statistics.median(one for one, _ in pairs),
        yardstick_us=statistics.median(other for _, other in pairs),
        ratio=statistics.median(ratios),
        spread=(min(ratios), max(ratios)),
    )


async def _cost(subject: Subject) -> float:
    before = cpu_seconds(subject.pid)
    await _load(subject.call, subject.calls)
    return (cpu_seconds(subject.pid) - before) / (subject.calls * subject.units) * 1e6


async def _load(call: Call, count: int) -> None:
    async def worker(share: int) -> None:
        for _ in range(share):
            await call()

    workers = min(CONCURRENCY, count)
    shares = [count // workers + (index < count % workers) for index in range(workers)]
    await asyncio.gather(*(worker(share) for share in shares))


def cpu_seconds(pid: int) -> float:
    """CPU time that all threads of a process have used, to the nanosecond."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def resident_mb(pid: int) -> float:
    """Resident memory of a process, MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise LookupError("VmRSS")


@contextmanager
def unpinned() -> Iterator[None]:
    """Lets this process, and those it starts meanwhile, run on every core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def pin(cores: Sequence[int]) -> None:
    """Keeps this process, and those it starts, on some cores, where there are that many."""
    available = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {available[core % len(available)] for core in cores})
