"""Messages of interim analyses."""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from groundswell.v1 import common_pb2
from groundswell.v1 import experiments_pb2 as pb
from groundswell_server.conversions.protobuf_conversions import shared_fields
from groundswell_storage.experiments.interim_analyses import StoredAnalysis

if TYPE_CHECKING:
    from groundswell_server.experiments.analysis.comparison import Comparison, Significance
    from groundswell_server.experiments.analysis.experiment import Adjusted
    from groundswell_server.experiments.analysis.metric import MetricResult
    from groundswell_server.experiments.interim_analysis.interim_analysis import InterimAnalysis, InterimDecision
    from groundswell_server.experiments.interim_analysis.watcher import WatchUpdate


def analysis_message(found: InterimAnalysis, history: Sequence[StoredAnalysis] = ()) -> pb.AnalyzeExperimentResponse:
    """Returns the message of an interim analysis with the stored analyses before it."""
    analysis, design = found.analysis, found.design
    message = pb.AnalyzeExperimentResponse(
        decision=_decision_message(found.decision),
        planned_decision=_decision_message(found.planned_decision) if found.planned_decision else None,
        sample_ratio=pb.SampleRatioCheck(
            p_value=analysis.sample_ratio.p_value,
            always_valid_p_value=analysis.sample_ratio.always_valid_p,
            phase_p_values=analysis.sample_ratio.phase_p_values.tolist(),
            is_mismatch=analysis.sample_ratio.is_mismatch,
        ),
        crossed_count=found.crossed_count,
        units=found.units,
        excluded_count=found.excluded_count,
        choice_probabilities=found.choice_probabilities,
    )
    for position, result in enumerate(analysis.results):
        _fill_metric(message.metrics.add(), position, result, found)
    for effect in analysis.effects:
        factors = [design.factors[index] for index in effect.factors]
        message.factor_effects.add(
            factors=[factor.name for factor in factors],
            levels=[factor.levels[level] for factor, level in zip(factors, effect.levels, strict=True)],
            estimate=effect.estimate,
            fixed_horizon=_test_message(effect.fixed, effect.adjusted_p, design.confidence_level),
        )
    for stored in history:
        _fill_stored(message.history.add(), stored, found)
    return message


def watch_message(update: WatchUpdate) -> pb.WatchExperimentResponse:
    """Returns the message to a watcher."""
    experiment = update.analysis.experiment
    message = pb.WatchExperimentResponse(
        cursor=update.cursor, state=_number(experiment.state), winner=experiment.winner
    )
    if update.is_new:
        message.analysis.CopyFrom(analysis_message(update.analysis))
    return message


def _fill_metric(message: pb.MetricResult, position: int, result: MetricResult, found: InterimAnalysis) -> None:
    """Fills the message of the metric at a position of the design."""
    design, level = found.design, found.design.confidence_level
    message.metric = result.spec.name
    message.role = _number(result.spec.role)
    for index, variant in enumerate(result.variants):
        interval = _interval(variant.credible_lower, variant.credible_upper, level)
        added = message.variants.add(
            variant=design.variants[index].key,
            credible_interval=interval,
            **shared_fields(pb.VariantResult, variant),
        )
        if index in result.comparisons:
            adjusted = found.analysis.adjusted[position, index]
            added.comparison.CopyFrom(_comparison_message(result.comparisons[index], adjusted, level))


def _fill_stored(message: pb.InterimAnalysis, stored: StoredAnalysis, found: InterimAnalysis) -> None:
    message.analyze_time.FromDatetime(stored.time)
    message.units = stored.units
    message.verdict = pb.ExperimentVerdict.ValueType(stored.verdict)
    level = found.design.confidence_level
    others = (variant for index, variant in enumerate(found.design.variants) if index != found.design.control)
    for variant, one in zip(others, stored.comparisons, strict=True):
        compared = message.comparisons.add(variant=variant.key, difference=one.difference)
        if one.lower is not None and one.upper is not None:
            compared.interval.MergeFrom(common_pb2.Interval(lower=one.lower, upper=one.upper, level=level))


def _decision_message(decision: InterimDecision) -> pb.ExperimentDecision:
    test = pb.DECIDING_TEST_FIXED_HORIZON if decision.is_fixed_horizon else pb.DECIDING_TEST_ALWAYS_VALID
    message = pb.ExperimentDecision(**shared_fields(pb.ExperimentDecision, decision), deciding_test=test)
    message.decide_time.FromDatetime(decision.time)
    return message


def _comparison_message(comparison: Comparison, adjusted: Adjusted, level: float) -> pb.VariantComparison:
    lift = comparison.lift_test
    return pb.VariantComparison(
        **shared_fields(pb.VariantComparison, comparison, without=("always_valid",)),
        fixed_horizon=_test_message(comparison.fixed, adjusted.fixed_p, level),
        always_valid=_test_message(comparison.always_valid, adjusted.always_valid_p, level),
        harm_p_value=adjusted.harm_p,
        lift_interval=_interval(lift.lower, lift.upper, level) if lift else None,
    )


def _test_message(test: Significance, adjusted_p: float, level: float) -> pb.DifferenceTest:
    interval = _interval(test.lower, test.upper, level)
    return pb.DifferenceTest(p_value=test.p_value, adjusted_p_value=adjusted_p, interval=interval)


def _interval(lower: float, upper: float, level: float) -> common_pb2.Interval | None:
    """Returns the message of an interval; None for an unbounded one."""
    if not (math.isfinite(lower) and math.isfinite(upper)):
        return None
    return common_pb2.Interval(lower=lower, upper=upper, level=level)


def _number(value: IntEnum) -> Any:
    """Returns the number of an enum value, typed for the stubs, which have a separate type for each enum."""
    return value.value
