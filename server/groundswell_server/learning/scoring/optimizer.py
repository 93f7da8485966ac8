"""Recommended changes of a piece of content before it is posted, with their expected gains.

Every change is tried on the live models. The predicted effect is multiplied by the share of such predicted effects that
held on posts the models had not seen (`PostPredictor.effect_calibration`); the 95% interval is that of this share. The
interval is therefore about the mean effect of the change, not about the random outcome of one post, which varies far
more and does not depend on the change. The data are observed posts, not an experiment: association need not be cause.

Heuristics cover the elements on which no model has information, and are marked as such.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from groundswell_server.learning.enums import Priority
from groundswell_server.learning.estimates import Estimate
from groundswell_server.learning.features.post_facts import PostFacts
from groundswell_server.learning.features.post_features import extract
from groundswell_server.learning.predictors.post_predictor import PostPredictor
from groundswell_server.learning.scoring.changes import ADVICE_PREFIXES, FEATURE_OF, Change, possible_changes
from groundswell_server.learning.scoring.heuristics import Heuristic, unmet_heuristics
from groundswell_server.learning.scoring.scorer import ENGAGEMENT_POINTS, SUCCESS_POINTS, Score, Scorer
from groundswell_server.learning.serving.rate_history import RateHistory
from groundswell_server.statistics.proportions import Z_95

TARGET = 80.0
"""Default target: the lowest score of the highest tier."""
MAX_RECOMMENDATIONS = 10
"""Default limit of recommendations."""
_LARGE_GAIN, _MEDIUM_GAIN, _MIN_GAIN = 10.0, 4.0, 0.5
_MIN_SEEN = 5
"""The number of training posts from which a value counts as seen."""
_ORDERED = frozenset({"hashtag_count", "caption_length"})
"""Features with ordered values: every value within the range of the training posts counts as seen."""
_UNCALIBRATED = 0.5, 0.5
"""The share of the effect and its standard error for features without a calibration on unseen posts."""


@dataclass(frozen=True, slots=True)
class Aim:
    """The goal of an optimization."""

    target_score: float = TARGET
    limit: int = MAX_RECOMMENDATIONS
    """The maximum number of recommendations."""


_DEFAULT_AIM = Aim()


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A recommended change of the content. The fields are those of the contract."""

    element: str
    current_value: str
    suggested_value: str
    advice: str
    priority: Priority
    expected_gain: Estimate | None
    """In points of the score; the sample size is the number of training posts. None for a heuristic."""
    heuristic: bool
    customary_gain: str = ""
    """The gain in engagement that is usually attributed to a heuristic, such as `30-40%`."""


@dataclass(frozen=True, slots=True)
class Step:
    """One change on the path to the target."""

    change: Change
    score_after: float
    """The score with this change and all changes before it."""


@dataclass(frozen=True, slots=True)
class Optimization:
    """The recommended changes of a piece of content and the path to the target score."""

    current: Score
    recommendations: tuple[Recommendation, ...]
    """The most important first."""
    path: tuple[Step, ...]
    """Changes to make together, in order, until the target is reached or no change is expected to help."""
    optimized: Score
    """The score with the whole path applied."""
    target_reached: bool


@dataclass(frozen=True, slots=True)
class Optimizer:
    """Optimizes the content of one persona with a scorer."""

    scorer: Scorer
    history: RateHistory | None
    now: datetime
    """Aware. Planned times before it are moved to it."""
    persona_id: str = ""

    def optimize(self, facts: PostFacts, aim: Aim = _DEFAULT_AIM) -> Optimization:
        """Tries each change separately for the recommendations, and cumulatively for the path."""
        current = self._score(facts)
        modelled = set() if current.rule_based else self._modelled()
        found = [_recommend(current, change, gain) for change, gain in self._best(facts, modelled)]
        found += map(_recommend_heuristic, unmet_heuristics(facts, self.now, FEATURE_OF.keys() - modelled))
        found.sort(key=_order)
        path, optimized = self._path(facts, current, modelled, aim.target_score)
        return Optimization(current, tuple(found[: aim.limit]), path, optimized, optimized.score >= aim.target_score)

    def _score(self, facts: PostFacts) -> Score:
        return self.scorer.score_one(facts, self.history, self.persona_id)

    def _models(self) -> Iterator[PostPredictor]:
        return (model for model in (self.scorer.engagement, self.scorer.success) if model is not None)

    def _modelled(self) -> set[str]:
        """Returns the elements that a live model reads."""
        read = frozenset[str]().union(*(model.encoder.features for model in self._models()))
        return {element for element, feature in FEATURE_OF.items() if feature in read}

    def _was_trained_on(self, change: Change) -> bool:
        """Returns True if every model was trained on posts with the new value or, if ordered, with values around it."""
        feature = FEATURE_OF[change.element]
        for model in self._models():
            seen = model.seen.get(feature, {})
            if feature in _ORDERED:
                enough = bool(seen) and min(seen) <= change.number <= max(seen)
            else:
                enough = seen.get(change.number, 0) >= _MIN_SEEN
            if not enough:
                return False
        return True

    def _best(self, facts: PostFacts, elements: set[str]) -> list[tuple[Change, Estimate]]:
        """Returns for each of these elements the change with the largest expected gain, if one helps."""
        changes = [
            change
            for change in possible_changes(facts, self.now)
            if change.element in elements and self._was_trained_on(change)
        ]
        best: dict[str, tuple[Change, Estimate]] = {}
        for change, gain in zip(changes, self._gains(facts, changes), strict=True):
            rival = best.get(change.element)
            if gain.value >= _MIN_GAIN and (rival is None or gain.value > rival[1].value):
                best[change.element] = change, gain
        return list(best.values())

    def _gains(self, facts: PostFacts, changes: list[Change]) -> list[Estimate]:
        """Returns the expected gain of each change, predicted in one batch."""
        scorer, history = self.scorer, self.history or self.scorer.fallback
        if scorer.engagement is None or history is None or not changes:
            return []
        rows = [facts, *(change.facts for change in changes)]
        parts = scorer.parts(extract(rows), [history] * len(rows), [self.persona_id] * len(rows))
        engagement = (ENGAGEMENT_POINTS * (parts.percentile[1:] - parts.percentile[0])).tolist()
        success = (SUCCESS_POINTS * (parts.probability[1:] - parts.probability[0])).tolist()
        gains = []
        for change, by_rate, by_probability in zip(changes, engagement, success, strict=True):
            feature = FEATURE_OF[change.element]
            rate_holds, rate_error = scorer.engagement.effect_calibration.get(feature, _UNCALIBRATED)
            probability_holds, probability_error = (scorer.success or scorer.engagement).effect_calibration.get(
                feature, _UNCALIBRATED
            )
            value = rate_holds * by_rate + probability_holds * by_probability
            # Both models were trained on the same posts, so their errors are assumed to be fully correlated.
            half = Z_95 * (rate_error * abs(by_rate) + probability_error * abs(by_probability))
            gains.append(Estimate.of(value, value - half, value + half, scorer.sample_count))
        return gains

    def _path(
        self, facts: PostFacts, current: Score, elements: set[str], target_score: float
    ) -> tuple[tuple[Step, ...], Score]:
        """Returns the greedy path: the best change, then the best change after it, each element once.

        The heuristics give the changes of a rule-based score.
        """
        steps: list[Step] = []
        score, remaining = current, set(FEATURE_OF) if current.rule_based else set(elements)
        while score.score < target_score:
            candidates = self._candidates(facts, current.rule_based, remaining)
            better = [
                (change, after) for change in candidates if (after := self._score(change.facts)).score > score.score
            ]
            if not better:
                break
            change, score = (
                better[0] if not current.rule_based else max(better, key=lambda candidate: candidate[1].score)
            )
            facts = change.facts
            remaining.discard(change.element)
            steps.append(Step(change, score.score))
        return tuple(steps), score

    def _candidates(self, facts: PostFacts, rule_based: bool, elements: set[str]) -> list[Change]:
        """Returns the next changes to try, the largest expected gain first."""
        if rule_based:
            return [heuristic.change for heuristic in unmet_heuristics(facts, self.now, elements)]
        return [change for change, _ in sorted(self._best(facts, elements), key=lambda found: -found[1].value)]


def _recommend(current: Score, change: Change, gain: Estimate) -> Recommendation:
    significant = gain.lower > 0.0
    if gain.value >= _LARGE_GAIN and significant:
        priority = Priority.HIGH
    elif gain.value >= _LARGE_GAIN or (gain.value >= _MEDIUM_GAIN and significant):
        priority = Priority.MEDIUM
    else:
        priority = Priority.LOW
    instead = f" instead of {change.current}" if change.current else ""
    return Recommendation(
        element=change.element,
        current_value=change.current,
        suggested_value=change.suggested,
        advice=f"{ADVICE_PREFIXES[change.element]} {change.suggested}{instead}. The expected gain is {gain.value:+.1f} "
        f"points (95% interval {gain.lower:+.1f} to {gain.upper:+.1f}) on a score of {current.score:.1f}, based on "
        f"{gain.sample_size} posts.",
        priority=priority,
        expected_gain=gain,
        heuristic=False,
    )


def _recommend_heuristic(heuristic: Heuristic) -> Recommendation:
    change, gain = heuristic.change, heuristic.customary_gain
    credit = f" It is usually credited with {gain} more engagement." if gain else ""
    return Recommendation(
        element=change.element,
        current_value=change.current,
        suggested_value=change.suggested,
        advice=f"{heuristic.advice}{credit} This is a heuristic: the data of this workspace give no information on it.",
        priority=Priority.HIGH if heuristic.fault else Priority.MEDIUM if gain else Priority.LOW,
        expected_gain=None,
        heuristic=True,
        customary_gain=gain,
    )


def _order(found: Recommendation) -> tuple[int, bool, float]:
    return -found.priority, found.heuristic, -(found.expected_gain.value if found.expected_gain else 0.0)
