"""Estimates with their intervals."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interval:
    """A range that contains the true value with the stated probability."""

    lower: float
    upper: float
    level: float
    """0 to 1."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The best single value, with its interval."""

    value: float
    interval: Interval | None
    """None when there is too little data."""
    sample_size: int
