"""Checks of rollouts: each compares the variants of the current stage and makes the step that follows.

A check holds the lock of its rollout: two checks at the same time, on two servers, have the effect of one.
"""

from __future__ import annotations

from dataclasses import replace

from groundswell_server.experiments.rollout_checks import stage_comparison
from groundswell_server.experiments.rollout_checks.next_step import NextStep, Step, next_step
from groundswell_server.experiments.rollouts import lifecycle
from groundswell_server.experiments.rollouts.design import Reaction
from groundswell_server.experiments.rollouts.rollout import Check, Rollout, read_rollout
from groundswell_storage.audit import audit
from groundswell_storage.experiments import rollouts
from groundswell_storage.experiments.enums import RolloutModelState, RolloutState
from groundswell_storage.experiments.rollouts import UNDER_WAY, RolloutRow
from groundswell_storage.records import plain
from groundswell_storage.scope import Scope


def check(scope: Scope, id: str) -> NextStep | None:
    """Checks the rollout of this id and makes the step that follows; None when it is not under way."""
    row = scope.find(RolloutRow, id, lock=True)
    if row is None or row.state not in UNDER_WAY:
        return None
    rollout = read_rollout(scope, row)
    design, stage = rollout.design, rollout.stage
    compared = stage_comparison.compare(scope, rollout)
    found = next_step(design.stages, stage.position, compared, stage.held, design.reactions, alpha=design.alpha)
    _store(scope, row, rollout, replace(compared, problems=found.problems, outcome=found.reason))
    if found.step is Step.ROLL_BACK:
        lifecycle.roll_back(scope, row, found.reason)
    elif found.step is not Step.STAY and _may_advance(rollout):
        lifecycle.advance(scope, row, found.reason)
    return found


def _may_advance(rollout: Rollout) -> bool:
    """Returns False for a paused rollout, and while LearningService has not answered."""
    return rollout.state is RolloutState.RUNNING and rollout.model_state is not RolloutModelState.PROMOTING


def _store(scope: Scope, row: RolloutRow, rollout: Rollout, check: Check) -> None:
    """Stores a check; the audit log shows a problem when it appears, not at each check that finds it."""
    rollouts.change_stage(scope, rollout.stage.number, last_check=plain(check))
    names = [problem.name for problem in check.problems]
    new = [problem for problem in check.problems if problem.name not in row.problems]
    if names != row.problems:
        scope.update(RolloutRow, problems=names).where(RolloutRow.id == row.id).execute()
    for action, reaction in (("held", Reaction.HOLD), ("warned", Reaction.WARN)):
        problems = [problem.name for problem in new if rollout.design.reactions.to(problem) is reaction]
        if problems:
            after = {"state": row.state.name, "stage": row.stage, "problems": problems}
            audit.record(scope, f"rollout.{action}", row.audit_subject, reason=check.outcome, after=after)
