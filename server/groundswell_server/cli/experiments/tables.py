"""Experiments, what they say, and plans, in words and rows for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from groundswell.v1 import experiments_pb2 as pb
from groundswell_server.cli.words import word

if TYPE_CHECKING:
    from google.protobuf.timestamp_pb2 import Timestamp

    from groundswell import Analysis

Row = dict[str, Any]
_BAR = 40
"""Characters of a power of 1."""


def overview(experiment: pb.Experiment) -> Row:
    """An experiment in a list."""
    return {
        "key": experiment.key,
        "kind": _kind(experiment),
        "state": _state(experiment),
        "variants": [one.key for one in experiment.design.variants],
        "metric": next(one.name for one in experiment.design.metrics if one.role == pb.METRIC_ROLE_PRIMARY),
        "winner": experiment.winner,
        "started": _time(experiment.start_time) if experiment.HasField("start_time") else None,
    }


def story(experiment: pb.Experiment) -> Iterator[str]:
    """An experiment in a few lines."""
    design = experiment.design
    learns = f", shared out by {word(pb.Allocation, design.allocation)}" if is_adaptive(experiment) else ""
    yield f"{experiment.key}: {_kind(experiment)}, {_state(experiment)}{learns}"
    if design.hypothesis:
        yield design.hypothesis
    hours = design.min_runtime.ToTimedelta().total_seconds() / 3600.0
    least = f"{design.min_sample_size_per_variant:,} a variant and {hours:g} hours"
    yield f"planned for {design.expected_total_sample:,} units, {least} at least"
    if experiment.HasField("end_time"):
        yield ending(experiment)
    else:
        yield "ends by itself once it has a winner" if design.auto_complete else "ends when somebody ends it"


def ending(experiment: pb.Experiment) -> str:
    """When an experiment ended, with which winner, and why."""
    won = f"{experiment.winner} won" if experiment.winner else "no winner"
    why = f": {experiment.end_reason}" if experiment.end_reason else ""
    return f"ended {_time(experiment.end_time):%Y-%m-%d %H:%M}, {won}{why}"


def is_adaptive(experiment: pb.Experiment) -> bool:
    """Whether it learns while it runs how to share units out."""
    return experiment.design.allocation in (pb.ALLOCATION_THOMPSON, pb.ALLOCATION_UCB)


def variants(experiment: pb.Experiment, chances: Sequence[float] = ()) -> list[Row]:
    """The variants of a design; `chances` are those with which a bandit chooses each now."""
    return [
        {
            "variant": one.key,
            **({"chosen now": f"{chances[number]:.1%}"} if chances else {"weight": f"{one.weight:.1%}"}),
            "control": "yes" if one.is_control else "",
            "description": one.description,
        }
        for number, one in enumerate(experiment.design.variants)
    ]


def metrics(experiment: pb.Experiment) -> list[Row]:
    """The metrics of a design."""
    return [
        {
            "metric": one.name,
            "kind": word(pb.MetricKind, one.kind),
            "role": word(pb.MetricRole, one.role),
            "better": "less" if one.direction == pb.METRIC_DIRECTION_DECREASE else "more",
            "events": " per ".join(filter(None, (one.event, one.denominator_event))),
        }
        for one in experiment.design.metrics
    ]


def phases(experiment: pb.Experiment) -> list[Row]:
    """The phases that an experiment went through."""
    return [
        {
            "phase": str(one.number),
            "began": f"{_time(one.start_time):%Y-%m-%d %H:%M}",
            "ended": f"{_time(one.end_time):%Y-%m-%d %H:%M}" if one.HasField("end_time") else "",
            "weights": [f"{weight:.1%}" for weight in one.weights],
            "coverage": f"{one.coverage:.0%}",
            "reason": one.reason,
        }
        for one in experiment.phases
    ]


def doubts(response: pb.AnalyzeExperimentResponse) -> Iterator[str]:
    """What else has to be known of an analysis."""
    if response.HasField("planned_decision"):
        yield f"At its planned size: {response.planned_decision.explanation}"
    if response.crossed_count:
        yield f"{response.crossed_count:,} units were seen in two variants, and count in neither"
    if response.choice_probabilities:
        shares = zip(response.metrics[0].variants, response.choice_probabilities, strict=True)
        yield "the next unit gets " + ", ".join(f"{one.variant} with {share:.0%}" for one, share in shares)
    ratio = response.sample_ratio
    fits = "NOT as planned" if ratio.is_mismatch else "as planned"
    told = f"p = {ratio.p_value:.2g}, always-valid p = {ratio.always_valid_p_value:.2g}"
    yield f"{response.units:,} units, shared out {fits} ({told})"


def results(analysis: Analysis, metric: str) -> list[Row]:
    """The variants on a metric; p values and intervals are the always-valid ones."""
    return [
        {
            "variant": row["variant"],
            "units": f"{row['units']:,}",
            "mean": f"{row['mean']:.4g}",
            "difference": _figure(row["difference"]),
            "interval": _interval(row["always_valid_lower"], row["always_valid_upper"]),
            "p": _figure(row["always_valid_p_value"]),
            "lift": "" if row["lift"] is None else f"{row['lift']:+.1%}",
            "best": f"{row['probability_best']:.0%}",
        }
        for row in analysis.rows()
        if row["metric"] == metric
    ]


def heading(metric: pb.MetricResult) -> str:
    """Title of a metric's table."""
    return f"{metric.metric}, {word(pb.MetricRole, metric.role)}; interval and p hold at every look"


def needs(plan: pb.PlanExperimentResponse, lift: float, power: float, units_per_day: float) -> Iterator[str]:
    """A plan in a few lines."""
    yield (
        f"{plan.units_per_variant:,} units a variant, {plan.total_units:,} in all, find {_lift(lift)} with a power of "
        f"{power:.0%} at one look, at the planned size"
    )
    yield f"{plan.sequential_units_per_variant:,} units a variant at most when it is looked at at any time"
    if plan.HasField("duration"):
        days = plan.duration.ToTimedelta().total_seconds() / 86_400.0
        yield f"{days:,.1f} days to the planned size, at {units_per_day:,g} units a day"


def power_curve(plan: pb.PlanExperimentResponse) -> list[Row]:
    """Power by lift, with a bar."""
    return [
        {"lift": _lift(point.lift), "power": f"{point.power:.0%}", "": "█" * round(point.power * _BAR)}
        for point in plan.power_curve
    ]


def _lift(lift: float) -> str:
    """In per cent, with every digit: a quarter of 1% is no 0.2%."""
    return f"{100.0 * lift:+.5g}%"


def _kind(experiment: pb.Experiment) -> str:
    return word(pb.ExperimentKind, experiment.design.kind)


def _state(experiment: pb.Experiment) -> str:
    return word(pb.ExperimentState, experiment.state)


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def _interval(lower: float | None, upper: float | None) -> str:
    return "" if lower is None or upper is None else f"{lower:.3g} to {upper:.3g}"


def _time(stamp: Timestamp) -> datetime:
    return stamp.ToDatetime()
