"""`groundswell rollouts show`: what people read of a rollout that ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from groundswell.v1 import experiments_pb2 as pb
from groundswell_server.cli.rollouts import story

ENDED = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)


def rollout(*metrics: pb.RolloutMetricResult) -> pb.Rollout:
    """One that came to the second of two stages."""
    found = pb.Rollout(key="search", state=pb.ROLLOUT_STATE_ROLLED_BACK, note="the guardrail crashes is broken")
    for share in (0.05, 1.0):
        found.design.stages.add(share=share)
    stage = found.stages.add(share=0.05, held=timedelta(hours=6.5))
    stage.check.MergeFrom(pb.RolloutCheck(new_units=1_200, old_units=22_800, metrics=metrics))
    stage.check.check_time.FromDatetime(ENDED)
    found.end_time.FromDatetime(ENDED)
    return found


def metric(role: pb.MetricRole, old: float, new: float, p: float) -> pb.RolloutMetricResult:
    return pb.RolloutMetricResult(
        metric="crashes", role=role, old_mean=old, new_mean=new, harm_p_value=p, threshold=0.0125
    )


def test_a_rollback_says_why_when_by_how_much_and_against_what() -> None:
    broken = metric(pb.METRIC_ROLE_GUARDRAIL, 0.02, 0.03, 0.004)
    assert list(story(rollout(broken))) == [
        "search: rolled back at 0% (the guardrail crashes is broken)",
        "ended 2026-03-02 15:30 at stage 1 of 2, 5% of the units, held 6.5 hours",
        "broken: crashes was 0.03 with what is new and 0.02 with the old (+50.0%); p = 0.004, broken below 0.0125",
        "compared 1,200 units that had what is new with 22,800 that had the old, 2026-03-02 15:30",
    ]


def test_nothing_else_is_called_broken() -> None:
    suggesting = metric(pb.METRIC_ROLE_SECONDARY, 0.02, 0.03, 0.004)
    harmless = metric(pb.METRIC_ROLE_GUARDRAIL, 0.0, 0.03, 0.02)
    assert not [line for line in story(rollout(suggesting, harmless)) if line.startswith("broken")]
    from_nothing = metric(pb.METRIC_ROLE_GUARDRAIL, 0.0, 0.03, 0.004)
    assert any("0 with the old; p = 0.004" in line for line in story(rollout(from_nothing)))
