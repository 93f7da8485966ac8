"""What experiments say, as messages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from groundswell.v1 import common_pb2
from groundswell.v1 import experiments_pb2 as pb
from groundswell_storage.experiments.past_looks import PastLook

if TYPE_CHECKING:
    from groundswell_server.experiments.analysis.comparison import Comparison, Significance
    from groundswell_server.experiments.analysis.experiment import Adjusted
    from groundswell_server.experiments.analysis.metric import MetricResult
    from groundswell_server.experiments.interim_analysis.interim_analysis import InterimAnalysis, InterimDecision
    from groundswell_server.experiments.interim_analysis.watcher import Seen


def analysis_message(look: InterimAnalysis, history: Sequence[PastLook] = ()) -> pb.AnalyzeExperimentResponse:
    """What an experiment says, and what it said before, as a message."""
    analysis, design = look.analysis, look.design
    message = pb.AnalyzeExperimentResponse(
        decision=_decision_message(look.decided),
        planned_decision=_decision_message(look.planned) if look.planned else None,
        sample_ratio=pb.SampleRatioCheck(
            p_value=analysis.sample_ratio.p_value,
            always_valid_p_value=analysis.sample_ratio.always_valid_p,
            phase_p_values=analysis.sample_ratio.phase_p_values.tolist(),
            is_mismatch=analysis.sample_ratio.is_mismatch,
        ),
        crossed_count=look.crossed,
        units=look.units,
        excluded_count=look.left_out,
        choice_probabilities=look.chances,
    )
    for place, answer in enumerate(analysis.results):
        _fill_metric(message.metrics.add(), place, answer, look)
    for effect in analysis.effects:
        factors = [design.factors[index] for index in effect.factors]
        message.factor_effects.add(
            factors=[factor.name for factor in factors],
            levels=[factor.levels[level] for factor, level in zip(factors, effect.levels, strict=True)],
            estimate=effect.estimate,
            fixed_horizon=_test_message(effect.fixed, effect.adjusted_p, design.confidence_level),
        )
    for past in history:
        _fill_past(message.history.add(), past, look)
    return message


def watch_message(seen: Seen) -> pb.WatchExperimentResponse:
    """What a watcher is told."""
    experiment = seen.look.experiment
    message = pb.WatchExperimentResponse(cursor=seen.cursor, state=_number(experiment.state), winner=experiment.winner)
    if seen.is_new:
        message.analysis.CopyFrom(analysis_message(seen.look))
    return message


def _fill_metric(message: pb.MetricResult, place: int, answer: MetricResult, look: InterimAnalysis) -> None:
    """`place` is the metric's in the design."""
    design, level = look.design, look.design.confidence_level
    message.metric = answer.spec.name
    message.role = _number(answer.spec.role)
    for index, arm in enumerate(answer.arms):
        variant = message.variants.add(
            variant=design.variants[index].key,
            units=arm.units,
            mean=arm.mean,
            probability_best=arm.probability_best,
            expected_loss=arm.expected_loss,
            credible_interval=_interval(arm.credible_lower, arm.credible_upper, level),
        )
        if index in answer.comparisons:
            compared = _comparison_message(answer.comparisons[index], look.analysis.adjusted[place, index], level)
            variant.comparison.CopyFrom(compared)


def _fill_past(message: pb.InterimAnalysis, past: PastLook, look: InterimAnalysis) -> None:
    message.analyze_time.FromDatetime(past.time)
    message.units = past.units
    message.verdict = pb.ExperimentVerdict.ValueType(past.verdict)
    others = (variant for index, variant in enumerate(look.design.variants) if index != look.design.control)
    for variant, one in zip(others, past.comparisons, strict=True):
        compared = message.comparisons.add(variant=variant.key, difference=one.difference)
        if one.lower is not None and one.upper is not None:
            level = look.design.confidence_level
            compared.interval.MergeFrom(common_pb2.Interval(lower=one.lower, upper=one.upper, level=level))


def _decision_message(decided: InterimDecision) -> pb.ExperimentDecision:
    message = pb.ExperimentDecision(
        verdict=_number(decided.verdict),
        winner=decided.winner,
        confidence=decided.confidence,
        explanation=decided.explanation,
        ranking=decided.ranking,
        deciding_test=pb.DECIDING_TEST_FIXED_HORIZON if decided.is_fixed_horizon else pb.DECIDING_TEST_ALWAYS_VALID,
    )
    message.decide_time.FromDatetime(decided.time)
    return message


def _comparison_message(comparison: Comparison, adjusted: Adjusted, level: float) -> pb.VariantComparison:
    lift = comparison.lift_test
    return pb.VariantComparison(
        difference=comparison.difference,
        fixed_horizon=_test_message(comparison.fixed, adjusted.fixed_p, level),
        always_valid=_test_message(comparison.always_valid, adjusted.always_valid_p, level),
        is_exact=comparison.is_exact,
        harm_p_value=adjusted.harm_p,
        effect_size=comparison.effect_size,
        lift=comparison.lift,
        lift_interval=_interval(lift.lower, lift.upper, level) if lift else None,
    )


def _test_message(test: Significance, adjusted_p: float, level: float) -> pb.DifferenceTest:
    interval = _interval(test.lower, test.upper, level)
    return pb.DifferenceTest(p_value=test.p_value, adjusted_p_value=adjusted_p, interval=interval)


def _interval(lower: float, upper: float, level: float) -> common_pb2.Interval | None:
    """None where nothing bounds the value."""
    if not (math.isfinite(lower) and math.isfinite(upper)):
        return None
    return common_pb2.Interval(lower=lower, upper=upper, level=level)


def _number(word: IntEnum) -> Any:
    """An enum value for a message, whose stubs want a type of their own for each enum."""
    return word.value
