"""Durations in words."""

from __future__ import annotations

from datetime import timedelta


def in_words(span: timedelta) -> str:
    """Returns a duration in the unit that fits it, to one decimal.

    >>> [in_words(timedelta(hours=hours)) for hours in (0.005, 0.5, 1, 24, 336)]
    ['18 seconds', '30 minutes', '1 hour', '24 hours', '14 days']
    """
    unit, length = next((name, length) for name, length, least in _UNITS if span >= least)
    number = round(span / length, 1 if length >= timedelta(hours=1) else None)
    return f"{number:g} {unit}" + "s" * (number != 1)


_UNITS = (
    ("day", timedelta(days=1), timedelta(days=2)),
    ("hour", timedelta(hours=1), timedelta(hours=1)),
    ("minute", timedelta(minutes=1), timedelta(minutes=1)),
    ("second", timedelta(seconds=1), timedelta.min),
)
"""Name, length, and the shortest duration that is given in the unit."""
