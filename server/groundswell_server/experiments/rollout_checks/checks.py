"""Checks a rollout: looks at its stage, and goes on, holds, warns or rolls back as its design says.

A check takes what it looks at under the rollout's lock: two at once, on two servers, do what one does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from groundswell_server.experiments.enums import MetricRole
from groundswell_server.experiments.rollout_checks import stage_comparison
from groundswell_server.experiments.rollouts import lifecycle
from groundswell_server.experiments.rollouts.rollout import (
    UNDER_WAY,
    Check,
    ModelState,
    Rollout,
    RolloutState,
    record_of_check,
    rollout_of,
)
from groundswell_server.experiments.rollouts.stages import (
    Guardrail,
    NextStep,
    Reaction,
    StageEvidence,
    StageProblem,
    Step,
    next_step,
)
from groundswell_storage.audit import audit
from groundswell_storage.experiments import rollouts
from groundswell_storage.experiments.rollouts import RolloutRow
from groundswell_storage.scope import Scope


def check(scope: Scope, id: str) -> NextStep | None:
    """Checks the rollout of this id and does what has to be done; None when it is not under way any more."""
    row = scope.find(RolloutRow, id, lock=True)
    if row is None or row.state not in UNDER_WAY:
        return None
    rollout = rollout_of(row, rollouts.stages(scope, [id])[id], scope.now)
    check = stage_comparison.compare(scope, rollout)
    found = next_step(
        rollout.design.stages,
        rollout.stage.position,
        _watched(rollout, check),
        rollout.design.reactions,
        alpha=rollout.design.alpha,
    )
    _note(scope, row, rollout, replace(check, problems=found.problems, outcome=found.reason))
    if found.step is Step.ROLL_BACK:
        lifecycle.roll_back(scope, row, found.reason)
    elif found.step is not Step.STAY and _may_go_on(rollout):
        lifecycle.go_on(scope, row, found.reason)
    return found


def _may_go_on(rollout: Rollout) -> bool:
    """In a pause, and until LearningService has answered, a rollout stays where it is."""
    return rollout.state is RolloutState.RUNNING and rollout.model_state is not ModelState.PROMOTING


def _watched(rollout: Rollout, check: Check) -> StageEvidence:
    guardrails = [one for one in check.metrics if one.role is MetricRole.GUARDRAIL]
    return StageEvidence(
        held=rollout.stage.held,
        guardrails=[Guardrail(one.metric, one.harm_p_value) for one in guardrails],
        srm_p=check.sample_ratio_p_value,
        new_units=check.new_units,
        old_units=check.old_units,
        crossed_units=check.crossed_count,
        outcomes=check.known_outcomes,
    )


def _note(scope: Scope, row: RolloutRow, rollout: Rollout, check: Check) -> None:
    """Keeps what was seen; a doubt stands on the audit log when it comes up, not at each check that finds it."""
    rollouts.change_stage(scope, rollout.stage.number, seen=record_of_check(check))
    new = [doubt for doubt in check.problems if doubt.name not in row.doubts]
    if [doubt.name for doubt in check.problems] != row.doubts:
        scope.update(RolloutRow, doubts=[doubt.name for doubt in check.problems]).where(
            RolloutRow.id == row.id
        ).execute()
    for action, reaction in (("held", Reaction.HOLD), ("warned", Reaction.WARN)):
        _record(scope, row, action, [one for one in new if rollout.design.reactions.to(one) is reaction], check.outcome)


def _record(scope: Scope, row: RolloutRow, action: str, doubts: Sequence[StageProblem], reason: str) -> None:
    if doubts:
        after = {**lifecycle.shown(row), "doubts": [doubt.name for doubt in doubts]}
        audit.record(scope, f"rollout.{action}", f"rollout/{row.key}", reason=reason, after=after)
