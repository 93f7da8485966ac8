"""Calibration of a classifier's raw scores to probabilities, in NumPy beside the exported trees."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from groundswell_server.statistics.proportions import wilson

ISOTONIC_FROM = 1000
"""Number of scores from which isotonic regression beats Platt's two parameters (Niculescu-Mizil, Caruana 2005)."""
_ISOTONIC_CLASS = 100
_BIN_ROWS = 50
_MAX_BINS = 20
_ROUNDING = 1e-5
"""Upper bound of the relative rounding error of the sum of a hundred trees in single precision."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """A monotone curve from raw scores to probabilities, with the uncertainty of each part of it."""

    method: Literal["platt", "isotonic"]
    slope: float
    """Slope of Platt's curve 1 / (1 + exp(-(slope * score + intercept))); at least 0."""
    intercept: float
    scores: NDArray[np.float64]
    """Ascending scores of the isotonic curve; empty for Platt's."""
    probabilities: NDArray[np.float64]
    """Probabilities at `scores`; linear between them."""
    edges: NDArray[np.float64]
    """Raw scores that separate the bins of the intervals, ascending."""
    lower: NDArray[np.float64]
    """(len(edges) + 1,) lower ends of the 95% intervals of the share of successes in each bin."""
    upper: NDArray[np.float64]
    _lists: tuple[list[float], ...] = field(init=False, repr=False, compare=False)
    """The arrays in the order of `_ARRAYS` as lists, for single scores."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_lists", tuple(getattr(self, name).tolist() for name in _ARRAYS))

    def probability(self, score: NDArray[np.float64]) -> NDArray[np.float64]:
        """Returns probabilities (n,) of raw scores (n,)."""
        if self.method == "isotonic":
            return np.interp(score, self.scores, self.probabilities)
        return _logistic(self.slope * score + self.intercept)

    def interval(
        self, score: NDArray[np.float64], probability: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Returns the 95% intervals of the share of successes at these scores, widened to include the probability."""
        place = np.searchsorted(self.edges, score)
        return np.minimum(self.lower[place], probability), np.maximum(self.upper[place], probability)

    def read_one(self, score: float) -> tuple[float, float, float]:
        """Returns probability and interval of one raw score, without NumPy's overhead."""
        scores, probabilities, edges, lower, upper = self._lists
        if self.method == "isotonic":
            probability = _interpolated(score, scores, probabilities)
        else:
            probability = 1.0 / (1.0 + math.exp(min(max(-self.slope * score - self.intercept, -500.0), 500.0)))
        place = bisect_left(edges, score)
        return probability, min(lower[place], probability), max(upper[place], probability)

    def to_json(self) -> dict[str, Any]:
        """Returns the calibration as JSON."""
        arrays = {name: getattr(self, name).tolist() for name in _ARRAYS}
        return {"method": self.method, "slope": self.slope, "intercept": self.intercept, **arrays}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Calibration:
        """Returns the calibration that `to_json` described."""
        arrays = {name: np.array(data[name], dtype=np.float64) for name in _ARRAYS}
        return cls(method=data["method"], slope=data["slope"], intercept=data["intercept"], **arrays)


_ARRAYS = "scores", "probabilities", "edges", "lower", "upper"


def calibrate(scores: NDArray[np.float64], successes: NDArray[np.float64]) -> Calibration:
    """Fits a curve to raw scores (n,) of unseen posts and their outcomes (n,), 0 or 1.

    Platt's curve for small samples, isotonic regression for large ones.
    """
    rarer = min(successes.sum(), len(successes) - successes.sum())
    if len(scores) >= ISOTONIC_FROM and rarer >= _ISOTONIC_CLASS:
        return _isotonic(scores, successes)
    slope, intercept = platt(scores, successes)
    nothing = np.empty(0)
    return Calibration("platt", slope, intercept, nothing, nothing, *_bins(scores, successes))


def platt(scores: NDArray[np.float64], successes: NDArray[np.float64]) -> tuple[float, float]:
    """Returns slope and intercept of Platt's curve; slope 0 where higher scores do not mean more successes.

    Lin, Lin, Weng 2007, "A note on Platt's probabilistic outputs for support vector machines": Newton's method with
    backtracking, on targets smoothed by one success and one failure.
    """
    positive = float(successes.sum())
    negative = len(successes) - positive
    target = np.where(successes > 0.5, (positive + 1.0) / (positive + 2.0), 1.0 / (negative + 2.0))
    center, spread = (float(scores.mean()), float(scores.std())) if len(scores) else (0.0, 0.0)
    intercept = math.log((positive + 1.0) / (negative + 1.0))
    if spread <= 0.0:
        return 0.0, intercept
    standard = (scores - center) / spread
    slope, intercept = _newton(standard, target, intercept)
    if slope <= 0.0:
        return 0.0, math.log((positive + 1.0) / (negative + 1.0))
    return slope / spread, intercept - slope * center / spread


def _newton(x: NDArray[np.float64], target: NDArray[np.float64], intercept: float) -> tuple[float, float]:
    """Fits a logistic regression of targets in (0, 1) on one variable by Newton's method with backtracking."""
    at = np.array([0.0, intercept])
    design = np.column_stack([x, np.ones_like(x)])
    loss = _log_loss(design @ at, target)
    for _ in range(100):
        p = _logistic(design @ at)
        gradient = design.T @ (p - target)
        if np.max(np.abs(gradient)) < 1e-10 * len(x):
            break
        hessian = design.T @ (design * (p * (1.0 - p))[:, None]) + 1e-12 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        size = 1.0
        while (new := _log_loss(design @ (at - size * step), target)) > loss and size > 1e-10:
            size /= 2.0
        at, loss = at - size * step, min(new, loss)
    return float(at[0]), float(at[1])


def _isotonic(scores: NDArray[np.float64], successes: NDArray[np.float64]) -> Calibration:
    from sklearn.isotonic import IsotonicRegression

    # A finite sample never proves a probability of 0 or 1.
    smallest = 1.0 / (len(scores) + 2.0)
    curve = IsotonicRegression(y_min=smallest, y_max=1.0 - smallest).fit(scores, successes)
    return Calibration(
        "isotonic",
        0.0,
        0.0,
        np.asarray(curve.X_thresholds_, dtype=np.float64),
        np.asarray(curve.y_thresholds_, dtype=np.float64),
        *_bins(scores, successes),
    )


def _bins(
    scores: NDArray[np.float64], successes: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Returns edges of bins of about equal size, and Wilson's interval of the share of successes in each."""
    count = int(np.clip(len(scores) // _BIN_ROWS, 1, _MAX_BINS))
    edges = _between(scores, np.quantile(scores, np.arange(1, count) / count)) if count > 1 else np.empty(0)
    place = np.searchsorted(edges, scores)
    rows = np.bincount(place, minlength=len(edges) + 1).astype(np.float64)
    lower, upper = wilson(np.bincount(place, successes, minlength=len(edges) + 1).astype(np.float64), rows)
    return edges, lower, upper


def _between(scores: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Moves the edges (m,) up to where no score (n,) is near, because rounding to single precision could cross an edge.

    Equal examples have equal scores, so an edge chosen by rank alone often coincides with a score.
    """
    distinct = np.unique(scores)
    middles = ((distinct[:-1] + distinct[1:]) / 2.0)[
        np.diff(distinct) > _ROUNDING * np.maximum(1.0, np.abs(distinct[1:]))
    ]
    place = np.searchsorted(middles, edges)
    return np.asarray(np.unique(middles[place[place < len(middles)]]))


def _interpolated(score: float, scores: Sequence[float], probabilities: Sequence[float]) -> float:
    """Returns `numpy.interp` of one number."""
    place = bisect_right(scores, score)
    if place == 0:
        return probabilities[0]
    if place == len(scores):
        return probabilities[-1]
    left, low = scores[place - 1], probabilities[place - 1]
    return low + (probabilities[place] - low) / (scores[place] - left) * (score - left)


def _logistic(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1.0 / (1.0 + np.exp(-np.clip(x, -500.0, 500.0)))


def _log_loss(x: NDArray[np.float64], target: NDArray[np.float64]) -> float:
    """Returns the log loss of probabilities logistic(x)."""
    return float(np.sum(np.logaddexp(0.0, x) - target * x))
