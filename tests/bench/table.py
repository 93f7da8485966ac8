"""A line of the table, and the ways a measurement becomes one."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from tests.bench.measure import Comparison
from tests.bench.stage import Stage

REPEATS = 30


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    work: str
    measured: str
    yardstick: str
    target: str
    met: bool | None
    """None where this machine can't tell."""


Measure = Callable[[Stage], Coroutine[Any, Any, Sequence[Row]]]


def in_echoes(work: str, cost: Comparison, limit: float) -> Row:
    """What a call costs in echo calls."""
    return Row(
        work,
        f"{cost.ratio:.2f} echo calls ({cost.spread[0]:.2f} to {cost.spread[1]:.2f})",
        f"{cost.subject_us:.0f} us, an echo call {cost.yardstick_us:.0f} us",
        f"at most {limit}",
        cost.ratio <= limit,
    )


def within(work: str, milliseconds: float, limit: float) -> Row:
    """What a call takes, in milliseconds."""
    return Row(work, f"{milliseconds:.1f} ms", f"median of {REPEATS}", f"at most {limit:g} ms", milliseconds <= limit)


async def milliseconds(call: Callable[[], Awaitable[object]]) -> float:
    """Median time of a call, in milliseconds."""
    taken = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        await call()
        taken.append((time.perf_counter() - started) * 1000)
    return sorted(taken)[len(taken) // 2]
