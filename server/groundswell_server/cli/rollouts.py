"""`groundswell rollouts`: what is being rolled out, how far it is, and what the checks see."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from groundswell_server.cli.commands import Commands
from groundswell_server.cli.output import AsJson, console, show, show_json
from groundswell_server.cli.reaching import Reach, reaching
from groundswell_server.cli.words import word
from groundswell_server.conversions.durations import in_words

if TYPE_CHECKING:
    from groundswell.v1.experiments_pb2 import Rollout, RolloutMetricResult, RolloutStageRecord

application = Commands(help="See what is being rolled out.")


@application.command("list")
@reaching
def list_all(
    reach: Reach,
    as_json: AsJson = False,
) -> None:
    """Show the rollouts of the workspace, newest first."""
    with reach() as client:
        rows = [_row(each) for each in client.experiments.list_rollouts()]
    show(rows if as_json else [_for_people(row) for row in rows], as_json, empty="no rollouts")


@application.command("show")
@reaching
def show_one(
    reach: Reach,
    rollout_key: Annotated[str, typer.Argument(metavar="KEY", help="Key of the rollout.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Show one rollout: its stages, and what the last check of each saw."""
    with reach() as client:
        rollout = client.experiments.get_rollout(rollout_key=rollout_key).rollout
    stages = [_stage_row(stage) for stage in rollout.stages]
    metrics = _metric_rows(rollout)
    if as_json:
        ended = rollout.end_time.ToDatetime() if rollout.HasField("end_time") else None
        show_json({**_row(rollout), "ended": ended, "stages": stages, "metrics": metrics})
        return
    for line in story(rollout):
        console().print(line, markup=False)
    show([_for_people(row) for row in stages], False)
    if metrics:
        show([_rounded(row) for row in metrics], False, title="at its last stage")


def _row(rollout: Rollout) -> dict[str, object]:
    return {
        "rollout": rollout.key,
        "state": _state(rollout),
        "share_pct": 100.0 * rollout.share,
        "note": rollout.note,
        "begun": rollout.create_time.ToDatetime(),
    }


def story(rollout: Rollout) -> Iterator[str]:
    """Where it is and why; of one that ended, when, at which stage, what was broken and by how much."""
    yield f"{rollout.key}: {_state(rollout)} at {rollout.share:.0%} ({rollout.note})"
    if not rollout.HasField("end_time"):
        return
    stage, check = rollout.stages[-1], rollout.stages[-1].check
    at = f"stage {len(rollout.stages)} of {len(rollout.design.stages)}, {stage.share:.0%} of the units"
    yield f"ended {rollout.end_time.ToDatetime():%Y-%m-%d %H:%M} at {at}, held {in_words(stage.held.ToTimedelta())}"
    if not check.HasField("check_time"):
        return
    for one in check.metrics:
        if one.harm_p_value < _threshold(one):
            yield (
                f"broken: {one.metric} was {one.new_mean:.4g} with what is new and {one.old_mean:.4g} with the old"
                f"{_change(one)}; p = {one.harm_p_value:.2g}, broken below {one.threshold:.3g}"
            )
    seen = f"{check.check_time.ToDatetime():%Y-%m-%d %H:%M}"
    yield f"compared {check.new_units:,} units that had what is new with {check.old_units:,} that had the old, {seen}"


def _stage_row(stage: RolloutStageRecord) -> dict[str, object]:
    return {
        "share_pct": 100.0 * stage.share,
        "began": stage.start_time.ToDatetime(),
        "held_hours": round(stage.held.ToTimedelta() / timedelta(hours=1), 4),
        "old_units": stage.check.old_units,
        "new_units": stage.check.new_units,
        "reason": stage.reason,
        "last_check": stage.check.outcome,
    }


def _metric_rows(rollout: Rollout) -> list[dict[str, object]]:
    from groundswell.v1.experiments_pb2 import MetricRole

    return [
        {
            "metric": one.metric,
            "role": word(MetricRole, one.role),
            "old": one.old_mean,
            "new": one.new_mean,
            "harm_p": one.harm_p_value,
            "broken_below": _threshold(one) or None,
        }
        for one in rollout.stages[-1].check.metrics
    ]


def _threshold(metric: RolloutMetricResult) -> float:
    """The p value below which it is broken; 0 for a metric that only suggests, which never is."""
    from groundswell.v1.experiments_pb2 import METRIC_ROLE_GUARDRAIL

    return metric.threshold if metric.role == METRIC_ROLE_GUARDRAIL else 0.0


def _change(metric: RolloutMetricResult) -> str:
    return f" ({metric.new_mean / metric.old_mean - 1.0:+.1%})" if metric.old_mean else ""


def _for_people(row: dict[str, object]) -> dict[str, object]:
    """Shares with a sign, spans in their unit; programs get numbers."""
    told: dict[str, object] = {}
    for name, value in row.items():
        if name == "share_pct":
            told["share"] = f"{value:g}%"
        elif name == "held_hours" and isinstance(value, float):
            told["held"] = in_words(timedelta(hours=value))
        else:
            told[name] = value
    return told


def _rounded(row: dict[str, object]) -> dict[str, object]:
    return {name: f"{value:.3g}" if isinstance(value, float) else value for name, value in row.items()}


def _state(rollout: Rollout) -> str:
    from groundswell.v1.experiments_pb2 import RolloutState

    return word(RolloutState, rollout.state).replace("_", " ")
