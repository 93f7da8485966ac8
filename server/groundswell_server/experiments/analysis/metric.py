"""One metric of an experiment: every variant against the control, and what is believed of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from groundswell_server.experiments.analysis.comparison import Comparison, compare
from groundswell_server.experiments.statistics.always_valid import Promise
from groundswell_server.experiments.statistics.arms import ArmMeans, adjust, measure, phase_weights, standardize
from groundswell_server.experiments.statistics.bayesian import Beliefs, beta_beliefs, normal_beliefs
from groundswell_server.experiments.statistics.moments import Moments
from groundswell_server.experiments.vocabulary import Direction, MetricKind, MetricRole


@dataclass(frozen=True, slots=True)
class Question:
    """What a metric asks."""

    name: str
    kind: MetricKind
    role: MetricRole
    direction: Direction
    adjusted: bool = False
    """Whether the units have a covariate from before the experiment."""

    @property
    def is_proportion(self) -> bool:
        """Whether it is of plain conversions, which have tests of their own."""
        return self.kind is MetricKind.CONVERSION and not self.adjusted


@dataclass(frozen=True, slots=True)
class ArmAnswer:
    """One variant on one metric."""

    units: int
    """In all phases."""
    mean: float
    """Of the units; of a RATIO sum over sum. Over the phases that have all variants, in the same parts for each, if any
    has."""
    probability_best: float
    """NaN, as the three that follow, where posteriors are left out."""
    expected_loss: float
    """How much worse than the best it is expected to be, in the metric's own unit."""
    credible_lower: float
    credible_upper: float
    plain_mean: float | None = None
    """Of the units alike, where `mean` weighs them because a bandit chose them."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One metric, its variants in order."""

    question: Question
    arms: tuple[ArmAnswer, ...]
    comparisons: Mapping[int, Comparison]
    """With the control, by the index of the variant; the control has none."""


def measured(question: Question, arms: Sequence[Sequence[Moments]]) -> list[ArmMeans]:
    """The arms from their moments (arms, phases)."""
    if question.adjusted:
        return adjust(question.kind, arms)
    return [measure(question.kind, phases) for phases in arms]


def answer(
    question: Question, arms: Sequence[Sequence[Moments]], control: int, promise: Promise, *, seed: int | None
) -> Answer:
    """From the moments (arms, phases). `seed` is of the simulation of posteriors; None leaves them out."""
    measures = measured(question, arms)
    weights = phase_weights(measures)
    # As long as no phase has all variants there is nothing to compare, and each is told by itself.
    told = [standardize(arm, weights if weights.any() else phase_weights([arm], 1.0)) for arm in measures]
    beliefs = believed(question, measures, 1.0 - promise.alpha, seed)
    comparisons = {
        index: compare(
            measures[control], arm, promise, proportions=question.is_proportion, direction=question.direction
        )
        for index, arm in enumerate(measures)
        if index != control
    }
    units = [sum(moments.count for moments in phases) for phases in arms]
    answers = [_arm(index, units[index], float(mean.mean), beliefs) for index, mean in enumerate(told)]
    return Answer(question, tuple(answers), comparisons)


def believed(question: Question, measures: Sequence[ArmMeans], level: float, seed: int | None) -> Beliefs:
    """The posteriors of the arms; `seed` is of the simulation that more than two need, and None leaves them out."""
    if seed is None:
        return Beliefs.left_out(len(measures))
    weights, highest = phase_weights(measures), question.direction is not Direction.DECREASE
    if question.is_proportion:
        return beta_beliefs(measures, weights, seed=seed, level=level, best_is_highest=highest)
    means = [standardize(arm, weights) for arm in measures]
    return normal_beliefs(means, seed=seed, level=level, best_is_highest=highest)


def _arm(index: int, units: int, mean: float, beliefs: Beliefs) -> ArmAnswer:
    return ArmAnswer(
        units=units,
        mean=mean,
        probability_best=float(beliefs.probability_best[index]),
        expected_loss=float(beliefs.expected_loss[index]),
        credible_lower=float(beliefs.lower[index]),
        credible_upper=float(beliefs.upper[index]),
    )
