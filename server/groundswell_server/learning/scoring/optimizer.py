"""What to change about a piece of content before it is posted, and what that is worth.

Every change is tried on the live models. The predicted effect is multiplied by the share of such predicted effects that
held on posts the models had not seen (`PostPredictor.effect_calibration`); the 95% interval is that of this share. The
interval is therefore about the mean effect of the change, not about the random outcome of one post, which varies far
more and does not depend on the change. The data are observed posts, not an experiment: association need not be cause.

Rules of thumb come in for elements that no model has anything to say of, and are marked as such.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from groundswell_server.learning.estimates import Estimate
from groundswell_server.learning.features.post_facts import PostFacts
from groundswell_server.learning.features.post_features import extract
from groundswell_server.learning.predictors.post_predictor import PostPredictor
from groundswell_server.learning.scoring.changes import FEATURE_OF, WORDS, Change, possible_changes
from groundswell_server.learning.scoring.heuristics import Heuristic, unmet_heuristics
from groundswell_server.learning.scoring.scorer import ENGAGEMENT_POINTS, SUCCESS_POINTS, Score, Scorer
from groundswell_server.learning.serving.rate_history import RateHistory
from groundswell_server.statistics.proportions import Z_95

TARGET = 80.0
"""Default target: the lowest score of the highest tier."""
MOST_RECOMMENDATIONS = 10
"""Default number of recommendations."""
PRIORITIES = "HIGH", "MEDIUM", "LOW"
_LARGE_GAIN, _FAIR_GAIN, _SMALLEST_GAIN = 10.0, 4.0, 0.5
_FEWEST_SEEN = 5
_COUNTED = frozenset({"hashtag_count", "caption_length"})
"""Features whose values lie between others; the rest is seen or not."""
_UNPROVEN = 0.5, 0.5
"""Share that holds, and its standard error, where unseen posts said nothing of an element."""


@dataclass(frozen=True, slots=True)
class Aim:
    """The goal of an optimization."""

    target_score: float = TARGET
    limit: int = MOST_RECOMMENDATIONS
    """Largest number of recommendations."""


_DEFAULT_AIM = Aim()


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A change of the content and what it would bring."""

    change: Change
    advice: str
    """In words, with its figures."""
    priority: str
    """One of `PRIORITIES`."""
    gain: Estimate | None = None
    """The expected points of the score; the sample size is the number of training posts. None for a heuristic."""
    customary_gain: str = ""
    """What a rule of thumb customarily brings, such as `30-40%`; empty where custom names no figure."""

    @property
    def heuristic(self) -> bool:
        """Whether it is custom rather than anything learnt here."""
        return self.gain is None


@dataclass(frozen=True, slots=True)
class Step:
    """One change on the path to the target."""

    change: Change
    score_after: float
    """With this change and all before it."""


@dataclass(frozen=True, slots=True)
class Optimization:
    """What could be better about a piece of content."""

    current: Score
    recommendations: tuple[Recommendation, ...]
    """Most important first."""
    path: tuple[Step, ...]
    """Changes to make together, in order, until the target is reached or nothing more is expected to help."""
    optimized: Score
    """With the whole path."""
    target_reached: bool


@dataclass(frozen=True, slots=True)
class Optimizer:
    """The means by which content of one persona is looked at."""

    scorer: Scorer
    history: RateHistory | None
    now: datetime
    """Aware; planned times before it are moved to it."""
    persona_id: str = ""

    def optimize(self, facts: PostFacts, aim: Aim = _DEFAULT_AIM) -> Optimization:
        """Tries each change alone for the recommendations, and one upon the other for the path."""
        current = self._score(facts)
        spoken_of = set() if current.rule_based else self._spoken_of()
        found = [_recommend(current, change, gain) for change, gain in self._best(facts, spoken_of)]
        found += map(_recommend_rule, unmet_heuristics(facts, self.now, FEATURE_OF.keys() - spoken_of))
        found.sort(key=_order)
        path, optimized = self._path(facts, current, spoken_of, aim.target_score)
        return Optimization(current, tuple(found[: aim.limit]), path, optimized, optimized.score >= aim.target_score)

    def _score(self, facts: PostFacts) -> Score:
        return self.scorer.score_one(facts, self.history, self.persona_id)

    def _models(self) -> Iterator[PostPredictor]:
        return (model for model in (self.scorer.engagement, self.scorer.success) if model is not None)

    def _spoken_of(self) -> set[str]:
        """Elements that a live model reads at all."""
        read = frozenset[str]().union(*(model.encoder.features for model in self._models()))
        return {element for element, feature in FEATURE_OF.items() if feature in read}

    def _seen(self, change: Change) -> bool:
        """Whether the models learnt from posts like this, rather than from their neighbors alone."""
        feature = FEATURE_OF[change.element]
        for model in self._models():
            seen = model.seen.get(feature, {})
            if feature in _COUNTED:
                enough = bool(seen) and min(seen) <= change.number <= max(seen)
            else:
                enough = seen.get(change.number, 0) >= _FEWEST_SEEN
            if not enough:
                return False
        return True

    def _best(self, facts: PostFacts, elements: set[str]) -> list[tuple[Change, Estimate]]:
        """For each of these elements the change with the largest expected gain, where there is one."""
        changes = [
            change for change in possible_changes(facts, self.now) if change.element in elements and self._seen(change)
        ]
        best: dict[str, tuple[Change, Estimate]] = {}
        for change, gain in zip(changes, self._gains(facts, changes), strict=True):
            rival = best.get(change.element)
            if gain.value >= _SMALLEST_GAIN and (rival is None or gain.value > rival[1].value):
                best[change.element] = change, gain
        return list(best.values())

    def _gains(self, facts: PostFacts, changes: list[Change]) -> list[Estimate]:
        """What each change is expected to bring: all of them asked of the models at once."""
        scorer, history = self.scorer, self.history or self.scorer.fallback
        if scorer.engagement is None or history is None or not changes:
            return []
        rows = [facts, *(change.facts for change in changes)]
        parts = scorer.parts(extract(rows), [history] * len(rows), [self.persona_id] * len(rows))
        engagement = (ENGAGEMENT_POINTS * (parts.percentile[1:] - parts.percentile[0])).tolist()
        success = (SUCCESS_POINTS * (parts.probability[1:] - parts.probability[0])).tolist()
        gains = []
        for change, by_rate, by_chance in zip(changes, engagement, success, strict=True):
            feature = FEATURE_OF[change.element]
            rate_holds, rate_error = scorer.engagement.effect_calibration.get(feature, _UNPROVEN)
            chance_holds, chance_error = (scorer.success or scorer.engagement).effect_calibration.get(
                feature, _UNPROVEN
            )
            value = rate_holds * by_rate + chance_holds * by_chance
            # Both models learnt from the same posts: their errors are taken to go together.
            half = Z_95 * (rate_error * abs(by_rate) + chance_error * abs(by_chance))
            gains.append(Estimate.of(value, value - half, value + half, scorer.sample_count))
        return gains

    def _path(
        self, facts: PostFacts, current: Score, elements: set[str], target_score: float
    ) -> tuple[tuple[Step, ...], Score]:
        """Greedy: the best change, then the best upon it, each element once. By rules where the score is by rules."""
        steps: list[Step] = []
        score, left = current, set(FEATURE_OF) if current.rule_based else set(elements)
        while score.score < target_score:
            offers = self._offers(facts, current.rule_based, left)
            better = [(change, after) for change in offers if (after := self._score(change.facts)).score > score.score]
            if not better:
                break
            change, score = better[0] if not current.rule_based else max(better, key=lambda offer: offer[1].score)
            facts = change.facts
            left.discard(change.element)
            steps.append(Step(change, score.score))
        return tuple(steps), score

    def _offers(self, facts: PostFacts, rule_based: bool, elements: set[str]) -> list[Change]:
        """Changes to go on with, those with the largest expected gain first."""
        if rule_based:
            return [rule.change for rule in unmet_heuristics(facts, self.now, elements)]
        return [change for change, _ in sorted(self._best(facts, elements), key=lambda found: -found[1].value)]


def _recommend(current: Score, change: Change, gain: Estimate) -> Recommendation:
    sure = gain.lower > 0.0
    if gain.value >= _LARGE_GAIN and sure:
        priority = "HIGH"
    elif gain.value >= _LARGE_GAIN or (gain.value >= _FAIR_GAIN and sure):
        priority = "MEDIUM"
    else:
        priority = "LOW"
    instead = f" instead of {change.current}" if change.current else ""
    advice = (
        f"{WORDS[change.element]} {change.suggested}{instead}: {gain.value:+.1f} points "
        f"(95% {gain.lower:+.1f} to {gain.upper:+.1f}) to a score of {current.score:.1f}, "
        f"by {gain.sample_size} posts."
    )
    return Recommendation(change, advice, priority, gain)


def _recommend_rule(rule: Heuristic) -> Recommendation:
    priority = "HIGH" if rule.fault else "MEDIUM" if rule.customary_gain else "LOW"
    brings = f" That customarily brings {rule.customary_gain}." if rule.customary_gain else ""
    advice = f"{rule.advice}{brings} A rule of thumb: the posts here say nothing of it."
    return Recommendation(rule.change, advice, priority, customary_gain=rule.customary_gain)


def _order(found: Recommendation) -> tuple[int, bool, float]:
    return PRIORITIES.index(found.priority), found.heuristic, -(found.gain.value if found.gain else 0.0)
