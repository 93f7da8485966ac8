"""Figures with what is known of their certainty."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interval:
    """A range that holds the true value with the stated probability."""

    lower: float
    upper: float
    level: float
    """0 to 1."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The best single figure, with its interval."""

    value: float
    interval: Interval | None
    """None when there is too little data for one."""
    sample_size: int
