"""A line of the table: what was promised, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    what: str
    found: str
    promised: str
    kept: bool | None
    """None where nothing is promised, and the figure is told nevertheless."""


def within(what: str, share: float, promised: float, tolerance: float) -> Row:
    """A share that should be near what was promised."""
    told = f"{promised:.1%} +- {tolerance:.1%}"
    return Row(what, f"{share:.2%}", told, abs(share - promised) <= tolerance)


def at_most(what: str, share: float, limit: float) -> Row:
    """A share that should not exceed a limit."""
    return Row(what, f"{share:.2%}", f"at most {limit:.1%}", share <= limit)
