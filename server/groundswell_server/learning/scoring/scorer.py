"""Scores of content from 0 to 100: 60 * percentile of the predicted rate + 40 * probability of success.

The percentile is that among past posts. Without a live classifier, the probability comes from the conformal
distribution of the predicted rate. Without a live engagement model, rules give the score (see `rule_score`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from groundswell_server.learning.features.post_facts import PostFacts
from groundswell_server.learning.features.post_features import FeatureRows, category, extract, feature_values
from groundswell_server.learning.predictors.probability_predictor import ProbabilityPredictor
from groundswell_server.learning.predictors.rate_predictor import RatePredictor
from groundswell_server.learning.scoring.rule_score import RulePoints, rule_score
from groundswell_server.learning.serving.rate_history import RateHistory
from groundswell_server.models.predictions import Prediction

Array = NDArray[np.float64]

ENGAGEMENT_POINTS, SUCCESS_POINTS = 60.0, 40.0
TIER_POINTS = 20.0
"""The width of a tier."""
TIERS = "POOR", "BELOW_AVERAGE", "AVERAGE", "GOOD", "EXCELLENT"
"""The names of the tiers from the lowest, each `TIER_POINTS` wide."""
_MANY_SAMPLES, _FEW_SAMPLES = 200, 50


class Score(NamedTuple):
    """The score of one piece of content."""

    score: float
    """0 to 100."""
    lower: float | None
    """The score at the lower end of the predicted rate's 95% interval; None if rule-based."""
    upper: float | None
    """The score at the upper end of the predicted rate's 95% interval; None if rule-based."""
    tier: str
    """One of `TIERS`."""
    confidence: str
    """`HIGH`, `MEDIUM` or `LOW`."""
    engagement: Prediction | None
    """The predicted rate, percent; None if rule-based."""
    percentile: float | None
    """The percentile of the predicted rate among past rates, 0 to 1; None if rule-based."""
    success_probability: float | None
    points: tuple[RulePoints, ...] = ()
    """The points of each rule; empty if models gave the score."""

    @property
    def rule_based(self) -> bool:
        """True if rules gave the score, because no engagement model is live."""
        return self.engagement is None


def tier(score: float) -> str:
    """Returns the tier of a score from 0 to 100."""
    return TIERS[min(int(score / TIER_POINTS), len(TIERS) - 1)]


def confidence(width: float, sample_count: int) -> str:
    """Returns `LOW`, `MEDIUM` or `HIGH` by the width of the score's interval and the number of training posts.

    High means narrower than one tier and at least 200 posts; low means wider than two tiers or fewer than 50 posts.
    """
    if width > 2.0 * TIER_POINTS or sample_count < _FEW_SAMPLES:
        return "LOW"
    return "HIGH" if width < TIER_POINTS and sample_count >= _MANY_SAMPLES else "MEDIUM"


@dataclass(frozen=True, slots=True)
class Scorer:
    """The live models of a workspace. Immutable; a promotion creates a new scorer."""

    engagement: RatePredictor | None
    success: ProbabilityPredictor | None
    threshold_pct: float = 5.0
    """The rate of a successful post, used if no classifier is live."""
    fallback: RateHistory | None = field(init=False, repr=False, compare=False)
    """The rates of all training posts, used if neither the persona nor the platform has enough posts."""
    sample_count: int = field(init=False, repr=False, compare=False)
    """The number of training posts of the model that has fewer; 0 without a model."""

    def __post_init__(self) -> None:
        model = self.engagement
        history = None if model is None else RateHistory(model.outcomes.tolist(), "training")
        counts = (model.sample_count for model in (self.engagement, self.success) if model is not None)
        object.__setattr__(self, "fallback", history)
        object.__setattr__(self, "sample_count", min(counts, default=0))

    def score_one(self, facts: PostFacts, history: RateHistory | None, persona_id: str = "") -> Score:
        """Scores one piece of content. Without a history its rate is compared with those of all training posts."""
        engagement, success, history = self.engagement, self.success, history or self.fallback
        if engagement is None or history is None:
            return _by_rules(facts)
        values, text = feature_values(facts), category(facts)
        if success is None:
            rate, probability = engagement.predict_values_with_probability(
                values, text, self.threshold_pct, persona_id=persona_id
            )
        else:
            rate = engagement.predict_values(values, text, persona_id=persona_id)
            probability = success.predict_values(values, text).value
        percentile = history.percentile(rate.value)
        fixed = SUCCESS_POINTS * probability
        score = ENGAGEMENT_POINTS * percentile + fixed
        lower = ENGAGEMENT_POINTS * history.percentile(rate.lower) + fixed
        upper = ENGAGEMENT_POINTS * history.percentile(rate.upper) + fixed
        level = confidence(upper - lower, self.sample_count)
        return Score(score, lower, upper, tier(score), level, rate, percentile, probability)

    def score(
        self, rows: Sequence[PostFacts], histories: Sequence[RateHistory | None], personas: Sequence[str] = ()
    ) -> list[Score]:
        """Scores n pieces of content in one batch, each with its history and, if known, its persona."""
        if self.engagement is None or self.fallback is None:
            return [_by_rules(facts) for facts in rows]
        parts = self.parts(extract(rows), [history or self.fallback for history in histories], personas)
        samples = self.sample_count
        columns = (parts.score, parts.lower, parts.upper, parts.percentile, parts.probability, *parts.rates)
        return [
            Score(score, low, high, tier(score), confidence(high - low, samples), Prediction(*rate), share, chance)
            for score, low, high, share, chance, *rate in zip(*(column.tolist() for column in columns), strict=True)
        ]

    def parts(self, rows: FeatureRows, histories: Sequence[RateHistory], personas: Sequence[str] = ()) -> ScoreParts:
        """Returns the predictions and scores of n rows as arrays; raises ValueError without an engagement model."""
        if self.engagement is None:
            raise ValueError("no engagement model is live: score by rules instead")
        if self.success is None:
            rates, probability = self.engagement.predict_with_probability(rows, self.threshold_pct, personas=personas)
        else:
            rates = self.engagement.predict(rows, personas=personas)
            probability = self.success.predict(rows).value
        percentile, lower, upper = _percentiles(histories, np.array([rates.value, rates.lower, rates.upper]))
        fixed = SUCCESS_POINTS * probability
        return ScoreParts(
            score=ENGAGEMENT_POINTS * percentile + fixed,
            lower=ENGAGEMENT_POINTS * lower + fixed,
            upper=ENGAGEMENT_POINTS * upper + fixed,
            percentile=percentile,
            probability=probability,
            rates=(rates.value, rates.lower, rates.upper),
        )


@dataclass(frozen=True, slots=True)
class ScoreParts:
    """The scores of n rows as arrays (n,)."""

    score: Array
    lower: Array
    upper: Array
    percentile: Array
    probability: Array
    rates: tuple[Array, Array, Array]
    """The predicted rate and both ends of its interval, percent."""


def _percentiles(histories: Sequence[RateHistory], rates: Array) -> Array:
    """Returns the percentiles (3, n) of rates (3, n), each column in its own history."""
    found = np.empty_like(rates)
    by_history: dict[int, list[int]] = {}
    for place, history in enumerate(histories):
        by_history.setdefault(id(history), []).append(place)
    for places in by_history.values():
        found[:, places] = histories[places[0]].percentiles(rates[:, places])
    return found


def _by_rules(facts: PostFacts) -> Score:
    found = rule_score(facts)
    return Score(found.score, None, None, tier(found.score), "LOW", None, None, None, found.points)
