"""Shares of simulated streams in which drift is found."""

from __future__ import annotations

from tests.learning.monitoring.streams import simulate


def false_alarms(streams: int, outcomes: int = 1000) -> float:
    """Share of stationary streams in which any look warns."""
    return sum(simulate(seed, outcomes).first_alarm() is not None for seed in range(streams)) / streams


def detected_within(
    delay: int, streams: int, *, shift_at: int, target_shift: float = 0.0, input_shift: float = 0.0
) -> float:
    """Share of streams that shift in which a look warns within `delay` outcomes, and not before the shift."""
    found = 0
    for seed in range(streams):
        stream = simulate(seed, shift_at + delay, shift_at=shift_at, target_shift=target_shift, input_shift=input_shift)
        alarm = stream.first_alarm()
        found += alarm is not None and alarm > shift_at
    return found / streams
