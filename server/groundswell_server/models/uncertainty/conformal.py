"""Conformal intervals, whose width comes from past errors without an assumption about their distribution.

The score of a past post is its absolute error divided by the error expected for such a post (the learned scale). The
interval of a new post is its prediction plus or minus a quantile of the scores times its own scale.

Sources: Lei, G'Sell, Rinaldo, Tibshirani, Wasserman 2018, "Distribution-free predictive inference for regression",
section 5.2 (normalized scores); Barber, Candes, Ramdas, Tibshirani 2023, "Conformal prediction beyond exchangeability",
formula 11 (weights that favor the newest); Gibbs, Candes 2021, "Adaptive conformal inference under distribution shift",
formula 2 (adaptation of the level to misses); Vovk, Gammerman, Shafer 2005, section 4.5 (categories with their own
quantiles).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

ADAPTATION = 0.005
"""Step gamma of the adaptive level, as in the paper's experiments."""
HALF_LIFE = 0.5
"""Age difference, as a share of all scores, at which the older of two scores weighs half as much."""
ALPHA_RANGE = 0.005, 0.2
"""Bounds of the adaptive alpha."""
OWN_SCORES = 200
"""The minimum number of posts of a persona with quantiles of its own; a 95% quantile of fewer varies too much."""
_MAX_POINTS = 1000
"""The maximum number of scores in a distribution, and of earlier scores with which a score is compared."""
_STREAM = 500
"""Number of newest scores that the level adapts to."""


@dataclass(frozen=True, slots=True)
class ScoreDistribution:
    """Weighted scores of past posts as a step function."""

    scores: NDArray[np.float64]
    """(n,), ascending."""
    reached: NDArray[np.float64]
    """(n,) share of all weight, including that of the new post, at or below each score. Ends below 1."""

    @classmethod
    def of(cls, scores: NDArray[np.float64], weights: NDArray[np.float64] | None = None) -> ScoreDistribution:
        """Returns the distribution of scores (n,) in any order with weights (n,), 1 each by default.

        The new post gets the weight of one of the equal posts that the weighted ones are worth (Kish 1965), which is 1
        for equal weights. The largest weight, which the papers use for an assumption-free bound, covers too much.
        """
        weights = np.ones(len(scores)) if weights is None else weights
        order = np.argsort(scores, kind="stable")
        total = weights.sum()
        total += np.square(weights).sum() / total if total > 0 else 0.0
        return cls(scores[order], np.cumsum(weights[order]) / total)._thinned()

    def quantile(self, level: float) -> float:
        """Returns the score that `level` of new posts do not exceed; infinite when there are too few past scores.

        With equal weights it is at position (n + 1) * level of the ordered scores, interpolated between two of them.
        This covers `level` of new posts at any sample size. Rounding the position up, as the papers do for an
        assumption-free bound, covers up to 1 / (n + 1) more.
        """
        # The tolerance keeps rounding in the sum of weights from exceeding the last score.
        if level > self.highest_level + 1e-12:
            return math.inf
        return float(np.interp(level, self.reached, self.scores))

    def beyond(self, score: NDArray[np.float64]) -> NDArray[np.float64]:
        """Returns the share of new posts with a larger score than each of these (m,)."""
        reached = np.concatenate(([0.0], self.reached))
        shares: NDArray[np.float64] = 1.0 - reached[np.searchsorted(self.scores, score, side="right")]
        return shares

    def beyond_one(self, score: float) -> float:
        """Returns `beyond` for one score."""
        place = int(self.scores.searchsorted(score, side="right"))
        return 1.0 - float(self.reached[place - 1]) if place else 1.0

    @property
    def highest_level(self) -> float:
        """The highest level with a finite quantile; 0 without scores."""
        return float(self.reached[-1]) if len(self.reached) else 0.0

    def to_json(self) -> list[list[float]]:
        """Returns scores and shares as JSON."""
        return [self.scores.tolist(), self.reached.tolist()]

    @classmethod
    def from_json(cls, data: Sequence[Sequence[float]]) -> ScoreDistribution:
        """Returns the distribution that `to_json` described."""
        return cls(np.array(data[0], dtype=np.float64), np.array(data[1], dtype=np.float64))

    def _thinned(self) -> ScoreDistribution:
        """Reduces the distribution to `_MAX_POINTS` points, dense at high levels; quantiles never become smaller."""
        if len(self.scores) <= _MAX_POINTS:
            return self
        wanted = 1.0 - np.geomspace(1.0, 1e-4, _MAX_POINTS)
        kept = np.unique(np.append(np.searchsorted(self.reached, wanted), len(self.scores) - 1))
        kept = kept[kept < len(self.scores)]
        return ScoreDistribution(self.scores[kept], self.reached[kept])


@dataclass(frozen=True, slots=True)
class Conformal:
    """The multiples of its scale by which a prediction may be off, by level and by persona."""

    known: ScoreDistribution
    """Scores of posts of personas that the model had seen."""
    new: ScoreDistribution
    """Scores of posts of personas that the model had not seen, or `known` where there are too few personas."""
    own: Mapping[str, ScoreDistribution]
    """Scores of personas with at least `OWN_SCORES`."""
    personas: frozenset[str]
    """Personas that the model had seen."""
    alpha: float
    """The adapted share of misses at which intervals are computed for the requested `target`."""
    target: float = 0.05
    """The share of misses that adaptation steers to."""

    def multiple(self, level: float, persona_id: str = "") -> float:
        """Returns the multiple of the scale that covers `level` of this persona's posts; infinite when none does."""
        scores = self.own.get(persona_id)
        if scores is None:
            scores = self.known if persona_id in self.personas else self.new
        wanted = 1.0 - min((1.0 - level) * self.alpha / self.target, 0.9)
        if level <= scores.highest_level:
            # Misses widen an interval without making it infinite: there are as many past scores as when the level was
            # offered.
            wanted = min(wanted, scores.highest_level)
        return scores.quantile(wanted)

    def with_alpha(self, alpha: float) -> Conformal:
        """Returns a copy with the alpha that was adapted to live outcomes (`adapt`)."""
        return replace(self, alpha=alpha)

    def to_json(self) -> dict[str, Any]:
        """Returns the intervals as JSON."""
        return {
            "known": self.known.to_json(),
            "new": self.new.to_json() if self.new is not self.known else None,
            "own": {persona: scores.to_json() for persona, scores in self.own.items()},
            "personas": sorted(self.personas),
            "alpha": self.alpha,
            "target": self.target,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Conformal:
        """Returns the intervals that `to_json` described."""
        known = ScoreDistribution.from_json(data["known"])
        return cls(
            known=known,
            new=known if data["new"] is None else ScoreDistribution.from_json(data["new"]),
            own={persona: ScoreDistribution.from_json(scores) for persona, scores in data["own"].items()},
            personas=frozenset(data["personas"]),
            alpha=data["alpha"],
            target=data["target"],
        )


def calibrate(
    scores: NDArray[np.float64],
    personas: Sequence[str],
    new_persona_scores: NDArray[np.float64],
    known_personas: Iterable[str],
    *,
    target: float = 0.05,
) -> Conformal:
    """Computes intervals from scores (n,) in time order, oldest first, and their personas.

    `new_persona_scores` (m,) are errors on personas kept out of the fit; empty when there are too few personas.
    `known_personas` are all that the model learnt from. The level adapts to the stream of scores, but only to widen
    intervals: a calm period in training guarantees nothing.
    """
    weights = recency_weights(len(scores))
    known = ScoreDistribution.of(scores, weights)
    if known.highest_level < 1.0 - target:
        # Few posts reach the target only if all of them count equally.
        weights = np.ones(len(scores))
        known = ScoreDistribution.of(scores, weights)
    who = np.array(personas)
    names, counts = np.unique(who, return_counts=True)
    own = {
        str(name): ScoreDistribution.of(scores[who == name], weights[who == name])
        for name, count in zip(names, counts, strict=True)
        if count >= OWN_SCORES and len(names) > 1
    }
    attainable = max(1.0 - known.highest_level, ALPHA_RANGE[0])
    adapted = min(adapt(target, stream_misses(scores, target=target), target=target), target)
    return Conformal(
        known=known,
        new=ScoreDistribution.of(new_persona_scores) if len(new_persona_scores) else known,
        own=own,
        personas=frozenset(known_personas),
        alpha=min(max(adapted, attainable), target),
        target=target,
    )


def adapt(alpha: float, misses: Sequence[bool], *, target: float) -> float:
    """Returns alpha after a stream of misses: each adds `ADAPTATION` * (target - missed), within `ALPHA_RANGE`."""
    low, high = ALPHA_RANGE
    for missed in misses:
        alpha = min(max(alpha + ADAPTATION * (target - missed), low), high)
    return alpha


def stream_misses(scores: NDArray[np.float64], *, target: float) -> list[bool]:
    """Returns for each of the newest scores if a level adapted to the misses before it would have missed it.

    `scores` (n,) are in time order. The result is empty when there are too few scores for quantiles.
    """
    misses: list[bool] = []
    alpha = target
    first = max(math.ceil(1.0 / target), len(scores) - _STREAM)
    for row in range(first, len(scores)):
        past = scores[max(0, row - _MAX_POINTS) : row]
        quantile = ScoreDistribution.of(past, recency_weights(len(past))).quantile(1.0 - alpha)
        missed = bool(scores[row] > quantile)
        misses.append(missed)
        alpha = adapt(alpha, [missed], target=target)
    return misses


def recency_weights(count: int) -> NDArray[np.float64]:
    """Returns weights (count,) in time order: 1 for the newest, halved every `HALF_LIFE` of the whole."""
    ages = np.arange(count - 1, -1, -1, dtype=np.float64)
    weights: NDArray[np.float64] = 0.5 ** (ages / max(HALF_LIFE * count, 1.0))
    return weights
