"""The result of a layer, which the combination of scores takes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from groundswell_server.engagement.bot_detection.reasons import Layer, Reason

SUREST: Final = 0.002
"""Bound on a detector's certainty: it was trained on a few hundred examples."""


@dataclass(frozen=True, slots=True, eq=False)
class Signals:
    """A reason and the rows that show it. The three arrays have the same length; a row occurs at most once."""

    reason: Reason
    rows: NDArray[np.int64]
    log_odds: NDArray[np.float64]
    """Natural logarithm of the likelihood ratio: how many times likelier a bot shows the signal than a person."""
    figures: NDArray[np.float64]
    """The figure that the reason cites, NaN where it has none."""

    @classmethod
    def collect(cls, reason: Reason, found: Sequence[tuple[int, float, float]]) -> Signals:
        """Makes signals of (row, log-odds, figure) triples."""
        table = np.array(found, np.float64).reshape(-1, 3)
        return cls(reason, table[:, 0].astype(np.int64), table[:, 1], table[:, 2])

    @classmethod
    def uniform(cls, reason: Reason, rows: NDArray[np.int64], log_odds: float, figures: NDArray[np.float64]) -> Signals:
        """Makes signals of equal weight."""
        return cls(reason, rows, np.full(len(rows), log_odds), figures)


@dataclass(frozen=True, slots=True, eq=False)
class LayerFindings:
    """The findings of one layer on a batch of n interactions."""

    layer: Layer
    has_evidence: NDArray[np.bool_]
    """(n,) True where the layer had evidence to examine. False counts neither way."""
    signals: tuple[Signals, ...]
    absence_log_odds: float = 0.0
    """Log-odds, at most 0, of a row for which the layer had evidence and no layer found a signal."""
    genuine_log_odds: NDArray[np.float64] | None = None
    """(n,) log-odds, at most 0, of the evidence for a person on each row. A layer with this array is a score: its
    weights are made to be added."""


def model_log_odds(probability: float, prior_log_odds: float) -> float:
    """Returns the log-odds of a detector's probability, 0 to 1, to be added to those of the prior.

    The probability is calibrated and already contains the prior, so `prior_log_odds` is subtracted.
    """
    bounded = min(1.0 - SUREST, max(SUREST, probability))
    return math.log(bounded / (1.0 - bounded)) - prior_log_odds
