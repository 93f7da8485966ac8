"""A batch of a bandit's choices, and when the next one is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from groundswell_server.experiments.design.design import BanditOptions

MIN_SHARE = 0.02
"""Of all units before it that a batch has at least: the number of batches, and with it the cost of an analysis, grows
with the logarithm of the number of units."""


@dataclass(frozen=True, slots=True)
class Batch:
    """BanditChoices that are made with the same probabilities."""

    number: int
    phase: int
    """Of the experiment, in which it began."""
    probabilities: tuple[float, ...]
    """Of each variant; what is stored for every choice."""
    units_before: int
    """Units that were chosen for before it, under its bucket version."""
    start_time: datetime

    def is_over(self, units: int, now: datetime, options: BanditOptions) -> bool:
        """Whether `units` of this batch are enough to learn from them."""
        if units < max(MIN_SHARE * self.units_before, 1.0):
            return False
        return units >= options.update_units or now - self.start_time >= options.update_interval
