"""What a layer hands to the combination, the same for every layer that exists and for those still to come."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from groundswell_server.engagement.bot_detection.reasons import Layer, Reason

SUREST: Final = 0.002
"""No detector is believed to be surer: it has seen some hundreds of examples."""


@dataclass(frozen=True, slots=True, eq=False)
class Signals:
    """One reason and the rows it was seen on; the three arrays have one length, a row occurs at most once."""

    reason: Reason
    rows: NDArray[np.int64]
    log_odds: NDArray[np.float64]
    """Natural logarithm of how many times likelier the signal is from a bot than from a person."""
    figures: NDArray[np.float64]
    """The number the reason cites, NaN where it has none."""

    @classmethod
    def collect(cls, reason: Reason, found: Sequence[tuple[int, float, float]]) -> Signals:
        """Signals from (row, log-odds, figure) triples."""
        table = np.array(found, np.float64).reshape(-1, 3)
        return cls(reason, table[:, 0].astype(np.int64), table[:, 1], table[:, 2])

    @classmethod
    def uniform(cls, reason: Reason, rows: NDArray[np.int64], log_odds: float, figures: NDArray[np.float64]) -> Signals:
        """Signals of one weight."""
        return cls(reason, rows, np.full(len(rows), log_odds), figures)


@dataclass(frozen=True, slots=True, eq=False)
class LayerFindings:
    """All that one layer says of a batch of n interactions."""

    layer: Layer
    has_evidence: NDArray[np.bool_]
    """(n,) True where the layer had something to go by; False is no signal either way."""
    signals: tuple[Signals, ...]
    absence_log_odds: float = 0.0
    """Log-odds, at most 0, of a row that the layer is has_evidence of and on which no layer at all found a signal."""
    genuine_log_odds: NDArray[np.float64] | None = None
    """(n,) log-odds, at most 0, of what speaks for a person on each row. A layer that has it is a score: the weights of
    its signals, and these, are made to be added up."""


def model_log_odds(probability: float, prior_log_odds: float) -> float:
    """The log-odds of a detector's probability, 0 to 1, beside those of the prior.

    The probability is calibrated: it stands as it is when nothing else is known of an interaction, which is what
    `prior_log_odds` is taken off for.
    """
    bounded = min(1.0 - SUREST, max(SUREST, probability))
    return math.log(bounded / (1.0 - bounded)) - prior_log_odds
