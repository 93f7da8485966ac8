"""Conformal intervals: as wide as past errors say they must be, and no assumption about the errors' distribution.

The score of a past post is its absolute error divided by the error expected for such a post (the learned scale). The
interval of a new post is prediction plus or minus quantile of the scores times its own scale.

Sources: Lei, G'Sell, Rinaldo, Tibshirani, Wasserman 2018, "Distribution-free predictive inference for regression",
section 5.2 (normalized scores); Barber, Candes, Ramdas, Tibshirani 2023, "Conformal prediction beyond
exchangeability", formula 11 (weights that favor the newest); Gibbs, Candes 2021, "Adaptive conformal inference under
distribution shift", formula 2 (the level follows the misses seen); Vovk, Gammerman, Shafer 2005, section 4.5
(categories with quantiles of their own).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

ADAPTATION = 0.005
"""Step of the adaptive level, gamma, as in the paper's experiments."""
HALF_LIFE = 0.5
"""Of all scores, the share by which one has to be older than another to weigh half as much."""
ALPHA_RANGE = 0.005, 0.2
"""The adaptive level never promises to miss less or more than this."""
OWN_SCORES = 200
"""Posts from which on a persona has quantiles of its own: a 95% quantile of fewer is too unsteady."""
_MOST_POINTS = 1000
"""Scores that a distribution keeps; of a stream, those before each that are compared with it."""
_STREAM = 500
"""Newest scores that the level adapts to."""


@dataclass(frozen=True, slots=True)
class ScoreDistribution:
    """Scores of past posts with their weights, as a step function."""

    scores: NDArray[np.float64]
    """(n,), ascending."""
    reached: NDArray[np.float64]
    """(n,): share of all weight, the new post's included, at or below each score. Ends below 1."""

    @classmethod
    def of(cls, scores: NDArray[np.float64], weights: NDArray[np.float64] | None = None) -> ScoreDistribution:
        """From scores (n,) in any order and weights (n,), 1 each unless given.

        The new post weighs as much as one of as many equal posts as the weighted ones are worth (Kish 1965): 1 among
        equals. The largest weight, which the papers take for a bound without assumptions, covers too much.
        """
        weights = np.ones(len(scores)) if weights is None else weights
        order = np.argsort(scores, kind="stable")
        total = weights.sum()
        total += np.square(weights).sum() / total if total > 0 else 0.0
        return cls(scores[order], np.cumsum(weights[order]) / total)._thinned()

    def quantile(self, level: float) -> float:
        """The score that `level` of new posts do not exceed; infinite when the past is too short to tell.

        With equal weights it stands at the place (n + 1) * level of the ordered scores, between two of them in
        proportion: that covers `level` of new posts at any sample size, where rounding the place up, as the papers do
        for a bound without assumptions, covers up to 1 / (n + 1) more.
        """
        # The tolerance keeps rounding in the sum of weights from asking beyond the last score.
        if level > self.highest_level + 1e-12:
            return math.inf
        return float(np.interp(level, self.reached, self.scores))

    def beyond(self, score: NDArray[np.float64]) -> NDArray[np.float64]:
        """Share of new posts with a larger score than these (m,)."""
        reached = np.concatenate(([0.0], self.reached))
        shares: NDArray[np.float64] = 1.0 - reached[np.searchsorted(self.scores, score, side="right")]
        return shares

    def beyond_one(self, score: float) -> float:
        """As `beyond`, for one score."""
        place = int(self.scores.searchsorted(score, side="right"))
        return 1.0 - float(self.reached[place - 1]) if place else 1.0

    @property
    def highest_level(self) -> float:
        """The highest level with a finite quantile; 0 without scores."""
        return float(self.reached[-1]) if len(self.reached) else 0.0

    def to_json(self) -> list[list[float]]:
        """Scores and shares."""
        return [self.scores.tolist(), self.reached.tolist()]

    @classmethod
    def from_json(cls, data: Sequence[Sequence[float]]) -> ScoreDistribution:
        """The inverse of `to_json`."""
        return cls(np.array(data[0], dtype=np.float64), np.array(data[1], dtype=np.float64))

    def _thinned(self) -> ScoreDistribution:
        """At most `_MOST_POINTS` points, dense where levels are asked for; quantiles only ever become larger."""
        if len(self.scores) <= _MOST_POINTS:
            return self
        wanted = 1.0 - np.geomspace(1.0, 1e-4, _MOST_POINTS)
        kept = np.unique(np.append(np.searchsorted(self.reached, wanted), len(self.scores) - 1))
        kept = kept[kept < len(self.scores)]
        return ScoreDistribution(self.scores[kept], self.reached[kept])


@dataclass(frozen=True, slots=True)
class Conformal:
    """By which multiple of its scale a prediction may be off, by level and by how well its persona is known."""

    known: ScoreDistribution
    """Scores of posts of personas that the model had seen."""
    new: ScoreDistribution
    """Scores of posts of personas that the model had not seen, or the same as `known` where that can't be told."""
    own: Mapping[str, ScoreDistribution]
    """Scores of personas with at least `OWN_SCORES`."""
    personas: frozenset[str]
    """Who is known."""
    alpha: float
    """What the adaptive level promises to miss where `target` is asked for."""
    target: float = 0.05
    """The share of misses that adaptation steers to."""

    def multiple(self, level: float, persona_id: str = "") -> float:
        """The multiple of the scale that covers `level` of this persona's posts; infinite when none can."""
        scores = self.own.get(persona_id)
        if scores is None:
            scores = self.known if persona_id in self.personas else self.new
        wanted = 1.0 - min((1.0 - level) * self.alpha / self.target, 0.9)
        if level <= scores.highest_level:
            # Misses make an interval wider, never endless: the past is as long as it was when the level was promised.
            wanted = min(wanted, scores.highest_level)
        return scores.quantile(wanted)

    def promising(self, alpha: float) -> Conformal:
        """With the level that live outcomes have led to (`adapt`)."""
        return replace(self, alpha=alpha)

    def to_json(self) -> dict[str, Any]:
        """What `from_json` makes the same from."""
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
        """The inverse of `to_json`."""
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
    """From scores (n,) in time order, oldest first, and the personas they belong to.

    `new_persona_scores` (m,) are errors on personas kept out of the fit; none when there are too few personas.
    `known_personas` are all that the model learnt from. The
    level adapts to the stream of scores, but only to widen: a calm stretch in training promises nothing.
    """
    weights = recency_weights(len(scores))
    known = ScoreDistribution.of(scores, weights)
    if known.highest_level < 1.0 - target:
        # Few posts can keep the promise only if all of them count.
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
    """The level after a stream of misses: `ADAPTATION` * (target - missed) on top for each, in `ALPHA_RANGE`."""
    low, high = ALPHA_RANGE
    for missed in misses:
        alpha = min(max(alpha + ADAPTATION * (target - missed), low), high)
    return alpha


def stream_misses(scores: NDArray[np.float64], *, target: float) -> list[bool]:
    """Whether each of the newest scores would have been missed by a level that adapts to the misses before it.

    `scores` (n,) in time order. Needs enough of a past to have quantiles at all; empty when there is none.
    """
    misses: list[bool] = []
    alpha = target
    first = max(math.ceil(1.0 / target), len(scores) - _STREAM)
    for row in range(first, len(scores)):
        past = scores[max(0, row - _MOST_POINTS) : row]
        quantile = ScoreDistribution.of(past, recency_weights(len(past))).quantile(1.0 - alpha)
        missed = bool(scores[row] > quantile)
        misses.append(missed)
        alpha = adapt(alpha, [missed], target=target)
    return misses


def recency_weights(count: int) -> NDArray[np.float64]:
    """(count,) weights in time order, the newest 1, halving every `HALF_LIFE` of the whole."""
    ages = np.arange(count - 1, -1, -1, dtype=np.float64)
    weights: NDArray[np.float64] = 0.5 ** (ages / max(HALF_LIFE * count, 1.0))
    return weights
