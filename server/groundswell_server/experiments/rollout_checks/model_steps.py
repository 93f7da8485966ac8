"""The steps of a rollout's model version: its promotion in LearningService's registry, and its rollback.

A step is recorded in the rollout, then LearningService is called (`model_step_runner`), then its answer is recorded. A
rollout that was rolled back while its version became live requests the rollback of the version.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from groundswell_server.experiments.rollouts import lifecycle
from groundswell_server.experiments.rollouts.rollout import design_of
from groundswell_storage.experiments.enums import RolloutModelState, RolloutState
from groundswell_storage.experiments.rollouts import UNDER_WAY, RolloutRow
from groundswell_storage.records import record_of
from groundswell_storage.scope import Scope

PENDING = (RolloutModelState.PROMOTING, RolloutModelState.ROLLING_BACK)
"""The states in which LearningService has to be called."""


@dataclass(frozen=True, slots=True)
class ModelStep:
    """A pending step."""

    workspace: str
    id: str
    """The id of the rollout."""
    model_state: RolloutModelState
    """PROMOTING or ROLLING_BACK."""
    model_id: str
    model_type: str
    previous_model_id: str
    principal: Mapping[str, Any]
    """The role, actor and scopes of the rollout's creator: the step is limited to what the creator may do."""

    @property
    def request_id(self) -> str:
        """Returns the request id of the step, the same on every server and at every attempt."""
        return f"rollout-{self.id}-{self.model_state.name.lower()}"


def read_step(scope: Scope, id: str) -> ModelStep | None:
    """Returns the pending step of a rollout; None without one."""
    row = scope.get(RolloutRow, id)
    return record_of(ModelStep, row, model_id=design_of(row).model_id) if row.model_state in PENDING else None


def record_promotion(scope: Scope, id: str, retired_id: str) -> None:
    """Opens the last stage after the version became live; requests its rollback if the rollout was rolled back."""
    row = scope.get(RolloutRow, id, lock=True)
    previous = {"previous_model_id": retired_id or row.previous_model_id}
    if row.model_state == RolloutModelState.PROMOTING:
        lifecycle.enter(scope, row, design_of(row).last, row.note, model_state=RolloutModelState.LIVE, **previous)
    elif row.model_state == RolloutModelState.ROLLED_BACK and row.state == RolloutState.ROLLED_BACK:
        reason = "the model version became live after the rollout was rolled back"
        rolling_back = {"model_state": RolloutModelState.ROLLING_BACK, **previous}
        lifecycle.change(scope, row, "model_rollback_requested", reason, **rolling_back)


def record_rollback(scope: Scope, id: str) -> None:
    """Records that the version is no longer live."""
    row = scope.get(RolloutRow, id, lock=True)
    if row.model_state == RolloutModelState.ROLLING_BACK:
        lifecycle.change(scope, row, "model_rolled_back", row.note, model_state=RolloutModelState.ROLLED_BACK)


def record_refusal(scope: Scope, step: ModelStep, message: str) -> None:
    """Records a refusal of LearningService: a running rollout is paused; after it is resumed, the step is repeated."""
    row = scope.get(RolloutRow, step.id, lock=True)
    if row.model_state != step.model_state:
        return
    reason = f"LearningService refuses: {message}"
    if step.model_state is RolloutModelState.ROLLING_BACK:
        refused = RolloutModelState.ROLLBACK_REFUSED
        lifecycle.change(scope, row, "model_rollback_refused", reason, model_state=refused)
    elif row.state == RolloutState.RUNNING:
        lifecycle.pause(scope, row, reason, model_state=RolloutModelState.WAITING)
    elif row.state in UNDER_WAY:
        lifecycle.change(scope, row, "model_promotion_refused", reason, model_state=RolloutModelState.WAITING)
