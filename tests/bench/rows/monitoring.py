"""How often drift is found where there is none, and how soon where there is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from tests.bench.stage import Stage
from tests.bench.table import Row
from tests.learning.monitoring.alarms import detected_within, false_alarms

STREAMS = 300
DELAY = 200
"""Outcomes."""


async def drift(stage: Stage) -> Sequence[Row]:
    """False alarms on stationary streams, and shifts of one standard deviation that are found in time."""
    alarms = await asyncio.to_thread(false_alarms, STREAMS)
    rows = [
        Row("false alarms of drift", f"{alarms:.1%}", f"{STREAMS} streams, 20 looks each", "at most 5%", alarms <= 0.05)
    ]
    for what, shift in (("outcomes", {"target_shift": 1.0}), ("a feature", {"input_shift": 1.0})):
        share = await asyncio.to_thread(detected_within, DELAY, STREAMS, shift_at=300, **shift)
        rows.append(
            Row(
                f"shift of {what} by one standard deviation",
                f"{share:.1%} found within {DELAY} outcomes",
                f"{STREAMS} streams",
                "at least 95%",
                share >= 0.95,
            )
        )
    return rows
