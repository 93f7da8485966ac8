"""The dials of the bot filter."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FilterSettings:
    """Everything that can be set. The defaults lean to leaving a bot in rather than taking a person out.

    That of the threshold is with the settings of the deployment.
    """

    threshold: float
    """An interaction is a BOT from this probability on, 0 to 1."""
    prior_bot_share: float = 0.1
    """Share of bots among interactions of which nothing is known, 0 to 1 (exclusive)."""
    burst_per_second: int = 10
    """More interactions of one post than this within a second are a burst."""
    instant_reply_seconds: float = 2.0
    """An interaction sooner than this after publication is an instant reply."""
    near_duplicates: bool = True
    """Whether nearly equal texts are sought: some 20 microseconds a distinct text of 40 letters and more."""

    @property
    def prior_log_odds(self) -> float:
        """Log-odds of being a bot before anything is known."""
        return math.log(self.prior_bot_share / (1.0 - self.prior_bot_share))
