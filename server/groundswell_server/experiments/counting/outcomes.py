"""What became of a batch of events."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """An event that was not recorded."""

    index: int
    """Its place in the batch, from 0."""
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a batch."""

    recorded_count: int
    duplicate_count: int
    refused: tuple[Refusal, ...]
