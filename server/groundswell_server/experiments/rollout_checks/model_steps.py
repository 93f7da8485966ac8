"""The steps of a rollout's model version into the registry and back, as the rollout notes them.

A step is noted, then LearningService is asked for it (`registry`), then its answer is noted. Whoever comes between does
no harm: a rollout that was rolled back while its version became live has it taken back.
"""

from __future__ import annotations

from dataclasses import dataclass

from groundswell_server.experiments.rollouts import lifecycle
from groundswell_server.experiments.rollouts.design import design_of
from groundswell_server.experiments.rollouts.rollout import UNDER_WAY, ModelState, RolloutState
from groundswell_storage.experiments.rollouts import RolloutRow
from groundswell_storage.scope import Scope

TO_DO = (ModelState.PROMOTING, ModelState.ROLLING_BACK)
"""States in which LearningService has to be asked."""


@dataclass(frozen=True, slots=True)
class ModelStep:
    """Something to ask LearningService for."""

    workspace: str
    rollout_id: str
    state: ModelState
    """PROMOTING or RETURNING."""
    model_id: str
    model_type: str
    previous_model_id: str
    role: str
    """Of who made the rollout, as `actor` and `scopes`: what he may not do, it may not do either."""
    actor: str
    scopes: frozenset[str]

    @property
    def request_id(self) -> str:
        """Of the one call that makes this step of this rollout, on whatever server and however often."""
        return f"rollout-{self.rollout_id}-{self.state.name.lower()}"


def read_step(scope: Scope, id: str) -> ModelStep | None:
    """What is to be asked for; None when that has been done."""
    row = scope.get(RolloutRow, id)
    if row.model_state not in TO_DO:
        return None
    principal = row.principal or {}
    return ModelStep(
        workspace=scope.workspace,
        rollout_id=row.id,
        state=ModelState(row.model_state),
        model_id=design_of(row.design).model_id,
        model_type=row.model_type,
        previous_model_id=row.previous_model_id,
        role=principal["role"],
        actor=principal["actor"],
        scopes=frozenset(principal["scopes"]),
    )


def note_promoted(scope: Scope, id: str, retired_id: str) -> None:
    """The version is live: the last stage begins. A rollout that was rolled back meanwhile has it taken back."""
    row = scope.get(RolloutRow, id, lock=True)
    known = {"previous_model_id": retired_id or row.previous_model_id}
    if row.model_state == ModelState.PROMOTING:
        lifecycle.enter(scope, row, design_of(row.design).last, row.note, model_state=ModelState.LIVE, **known)
    elif row.model_state == ModelState.ROLLED_BACK and row.state == RolloutState.ROLLED_BACK:
        why = "the version became live after the rollout was rolled back"
        lifecycle.change_model(scope, row, "model_return_asked_for", why, model_state=ModelState.ROLLING_BACK, **known)


def note_returned(scope: Scope, id: str) -> None:
    """The version is live no more."""
    row = scope.get(RolloutRow, id, lock=True)
    if row.model_state == ModelState.ROLLING_BACK:
        lifecycle.change_model(scope, row, "model_returned", row.note, model_state=ModelState.ROLLED_BACK)


def note_refused(scope: Scope, step: ModelStep, why: str) -> None:
    """LearningService refuses: a rollout that was to go on is paused and says why; resumed, it asks again."""
    row = scope.get(RolloutRow, step.rollout_id, lock=True)
    if row.model_state != step.state:
        return
    why = f"LearningService refuses: {why}"
    if step.state is ModelState.ROLLING_BACK:
        lifecycle.change_model(scope, row, "model_stuck", why, model_state=ModelState.ROLLBACK_REFUSED)
    elif row.state == RolloutState.RUNNING:
        lifecycle.pause(scope, row, why, model_state=ModelState.WAITING)
    elif row.state in UNDER_WAY:
        lifecycle.change_model(scope, row, "model_refused", why, model_state=ModelState.WAITING)
