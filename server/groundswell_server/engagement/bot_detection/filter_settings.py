"""The settings of the bot filter."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FilterSettings:
    """The settings of the filter. The defaults prefer to miss a bot over accusing a person.

    The default of the threshold is a setting of the deployment.
    """

    threshold: float
    """Probability from which an interaction is a BOT, 0 to 1."""
    prior_bot_share: float = 0.1
    """Share of bots among interactions without any evidence, 0 to 1 (exclusive)."""
    burst_per_second: int = 10
    """More interactions of one post than this within a second are a burst."""
    instant_reply_seconds: float = 2.0
    """An interaction sooner than this after publication is an instant reply."""
    near_duplicates: bool = True
    """True to seek nearly equal texts, which takes some 20 microseconds for a distinct text of 40 letters or more."""

    @property
    def prior_log_odds(self) -> float:
        """The log-odds of being a bot before any evidence is known."""
        return math.log(self.prior_bot_share / (1.0 - self.prior_bot_share))
