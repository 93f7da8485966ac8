"""The weight of what a trained detector says."""

from __future__ import annotations

import math
from typing import Final

SUREST: Final = 0.002
"""No detector is believed to be surer: it has seen some hundreds of examples."""


def model_log_odds(probability: float, prior_log_odds: float) -> float:
    """The log-odds of a detector's probability, 0 to 1, beside those of the prior.

    The probability is calibrated: it stands as it is when nothing else is known of an interaction, which is what
    `prior_log_odds` is taken off for.
    """
    bounded = min(1.0 - SUREST, max(SUREST, probability))
    return math.log(bounded / (1.0 - bounded)) - prior_log_odds
