"""The analysis of an experiment and the plan of a new one, as sentences and rows for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from groundswell.cli.messages import word
from groundswell.v1 import experiments_pb2 as pb

if TYPE_CHECKING:
    from groundswell import Analysis

Row = dict[str, Any]

_BAR = 40
"""Characters that stand for a power of 1."""
_SECONDS_A_DAY = 86_400.0
_DEFAULT_POWER = 0.8
"""The contract's default for the field `power`."""


def ending(experiment: pb.Experiment) -> str:
    """When an experiment ended, with which winner, and why."""
    winner = f"{experiment.winner} won" if experiment.winner else "no winner"
    reason = f": {experiment.end_reason}" if experiment.end_reason else ""
    return f"ended {experiment.end_time.ToDatetime():%Y-%m-%d %H:%M}, {winner}{reason}"


def qualifications(response: pb.AnalyzeExperimentResponse) -> Iterator[str]:
    """Sentences about what limits an analysis, such as a sample ratio mismatch (SRM)."""
    if response.HasField("planned_decision"):
        yield f"At the planned size: {response.planned_decision.explanation}"
    if response.crossed_count:
        yield f"{response.crossed_count:,} units were seen in two variants and are not counted"
    if response.choice_probabilities:
        shares = zip(response.metrics[0].variants, response.choice_probabilities, strict=True)
        yield "the next unit gets " + ", ".join(f"{one.variant} with {share:.0%}" for one, share in shares)
    ratio = response.sample_ratio
    as_planned = "NOT as planned (sample ratio mismatch)" if ratio.is_mismatch else "as planned"
    p_values = f"p = {ratio.p_value:.2g}, always-valid p = {ratio.always_valid_p_value:.2g}"
    yield f"{response.units:,} units, distributed {as_planned} ({p_values})"


def results(analysis: Analysis, metric: str) -> list[Row]:
    """The variants on a metric, with always-valid p values and intervals."""
    return [
        {
            "variant": row["variant"],
            "units": f"{row['units']:,}",
            "mean": f"{row['mean']:.4g}",
            "difference": _number(row["difference"]),
            "interval": _interval(row["always_valid_lower"], row["always_valid_upper"]),
            "p": _number(row["always_valid_p_value"]),
            "lift": "" if row["lift"] is None else f"{row['lift']:+.1%}",
            "P(best)": f"{row['probability_best']:.0%}",
        }
        for row in analysis.rows()
        if row["metric"] == metric
    ]


def heading(metric: pb.MetricResult) -> str:
    """The title of a metric's table."""
    return f"{metric.metric}, {word(pb.MetricRole, metric.role)}; intervals and p values are always valid"


def sample_sizes(request: pb.PlanExperimentRequest, plan: pb.PlanExperimentResponse) -> Iterator[str]:
    """A plan in a few sentences."""
    power = request.power or _DEFAULT_POWER
    yield (
        f"{plan.units_per_variant:,} units per variant, {plan.total_units:,} in total, detect {_lift(request.lift)} "
        f"with a power of {power:.0%} in one analysis at the planned size"
    )
    yield f"at most {plan.sequential_units_per_variant:,} units per variant when it is analyzed at any time"
    if plan.HasField("duration"):
        days = plan.duration.ToTimedelta().total_seconds() / _SECONDS_A_DAY
        yield f"{days:,.1f} days to the planned size, at {request.units_per_day:,g} units a day"


def power_curve(plan: pb.PlanExperimentResponse) -> list[Row]:
    """Power by lift, with a bar."""
    return [
        {"lift": _lift(point.lift), "power": f"{point.power:.0%}", "": "█" * round(point.power * _BAR)}
        for point in plan.power_curve
    ]


def _lift(lift: float) -> str:
    """A lift in per cent with every digit, because 0.25% must not become 0.2%."""
    return f"{100.0 * lift:+.5g}%"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def _interval(lower: float | None, upper: float | None) -> str:
    return "" if lower is None or upper is None else f"{lower:.3g} to {upper:.3g}"
