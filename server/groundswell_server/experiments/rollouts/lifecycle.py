"""The lifecycle of a rollout: created, advanced from stage to stage, paused, completed, rolled back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from groundswell_server.experiments.rollouts.design import RolloutDesign, complete, for_model
from groundswell_server.experiments.rollouts.rollout import Rollout, design_of, held, read_rollout, rollout_of
from groundswell_storage import resources
from groundswell_storage.errors import FailedPrecondition
from groundswell_storage.experiments import keys, rollouts
from groundswell_storage.experiments.enums import RolloutModelState, RolloutState
from groundswell_storage.experiments.rollouts import UNDER_WAY, RolloutRow, RolloutStageRow
from groundswell_storage.fields import MICROSECOND
from groundswell_storage.learning import model_versions
from groundswell_storage.pages import Page
from groundswell_storage.scope import Scope

_REQUESTED = "requested"
"""The reason of a change for which the caller gave none."""
_ROLLED_BACK = {
    RolloutModelState.WAITING: RolloutModelState.ROLLED_BACK,
    RolloutModelState.PROMOTING: RolloutModelState.ROLLING_BACK,
    RolloutModelState.LIVE: RolloutModelState.ROLLING_BACK,
}
"""The states of the model version after the rollback; it may be live already while it is being promoted."""


def create_rollout(
    scope: Scope,
    key: str,
    design: RolloutDesign,
    principal: Mapping[str, Any] | None = None,
    *,
    target_age: timedelta,
) -> Rollout:
    """Creates a rollout at its first stage.

    `principal` calls LearningService for a model's rollout. `target_age` is that of `for_model`.

    Raises AlreadyExists (`EXPERIMENT_KEY_TAKEN`), InvalidArgument (`EXPERIMENT_INVALID`), NotFound (`MODEL_NOT_FOUND`),
    FailedPrecondition (`MODEL_IS_LIVE`).
    """
    model_type = _model_type(scope, design.model_id)
    design = complete(for_model(design, model_type, target_age))
    model_state = RolloutModelState.WAITING if model_type else RolloutModelState.NONE
    keys.take(scope, key)
    row = resources.create(
        scope,
        RolloutRow,
        reason="created",
        key=key,
        design=design,
        note="created",
        model_type=model_type,
        model_state=model_state,
        principal=principal,
    )
    _open_stage(scope, row, 0, "created")
    return read_rollout(scope, row)


def get_rollout(scope: Scope, key: str) -> Rollout:
    """Returns a rollout by its key; raises NotFound."""
    return read_rollout(scope, keys.get(scope, RolloutRow, key))


def list_rollouts(scope: Scope, *, state: int, page_size: int, page_token: str) -> Page[Rollout]:
    """Returns a page of rollouts, newest first: those in a state, or all for 0."""
    states = [state] if state else list(RolloutState)
    in_state = RolloutRow.state.in_(states)
    found = resources.page(scope, RolloutRow, in_state, page_size=page_size, page_token=page_token)
    stages = rollouts.stages(scope, [row.id for row in found.items])
    return found.map(lambda row: rollout_of(row, stages[row.id], scope.now))


def advance_rollout(scope: Scope, key: str, *, reason: str = "", etag: str = "") -> Rollout:
    """Advances to the next stage, or completes; raises NotFound, Aborted (`ETAG_MISMATCH`), FailedPrecondition."""
    row = keys.get_locked(scope, RolloutRow, key, RolloutState.RUNNING, etag=etag)
    return advance(scope, row, reason or _REQUESTED)


def pause_rollout(scope: Scope, key: str, reason: str = "") -> Rollout:
    """Stops the clock; raises NotFound, FailedPrecondition (`ROLLOUT_STATE_INVALID`)."""
    return pause(scope, keys.get_locked(scope, RolloutRow, key, RolloutState.RUNNING), reason or _REQUESTED)


def resume_rollout(scope: Scope, key: str, reason: str = "") -> Rollout:
    """Restarts the clock; raises NotFound, FailedPrecondition (`ROLLOUT_STATE_INVALID`)."""
    row = keys.get_locked(scope, RolloutRow, key, RolloutState.PAUSED)
    rollouts.change_stage(scope, _stage(scope, row).number, running_since=scope.now)
    return change(scope, row, "resumed", reason or _REQUESTED, state=RolloutState.RUNNING)


def roll_back_rollout(scope: Scope, key: str, reason: str = "") -> Rollout:
    """Gives all units the old variant; raises NotFound, FailedPrecondition (`ROLLOUT_STATE_INVALID`)."""
    row = keys.get_locked(scope, RolloutRow, key, *UNDER_WAY, RolloutState.COMPLETED)
    return roll_back(scope, row, reason or _REQUESTED)


def advance(scope: Scope, row: RolloutRow, reason: str) -> Rollout:
    """Takes a locked rollout to its next stage, or completes it.

    Before the last stage of a model's rollout LearningService has to make the version live. That step is recorded
    here, and the servers make it (`model_steps`) and then open the stage.
    """
    last = design_of(row).last
    if row.stage == last:
        _stop_clock(scope, row, end_time=scope.now)
        return change(scope, row, "completed", reason, state=RolloutState.COMPLETED, end_time=scope.now)
    if row.model_state == RolloutModelState.PROMOTING:
        return read_rollout(scope, row)
    if row.stage + 1 == last and row.model_state == RolloutModelState.WAITING:
        live = model_versions.live_version(scope, row.model_type)
        promoting = {"model_state": RolloutModelState.PROMOTING, "previous_model_id": "" if live is None else live.id}
        return change(scope, row, "model_promotion_requested", reason, **promoting)
    return enter(scope, row, row.stage + 1, reason)


def enter(scope: Scope, row: RolloutRow, position: int, reason: str, **changes: Any) -> Rollout:
    """Opens a stage of a locked rollout."""
    _stop_clock(scope, row, end_time=scope.now)
    _open_stage(scope, row, position, reason)
    return change(scope, row, "advanced", reason, stage=position, **changes)


def pause(scope: Scope, row: RolloutRow, reason: str, **changes: Any) -> Rollout:
    """Stops the clock of a locked rollout."""
    _stop_clock(scope, row)
    return change(scope, row, "paused", reason, state=RolloutState.PAUSED, **changes)


def roll_back(scope: Scope, row: RolloutRow, reason: str) -> Rollout:
    """Gives all units the old variant, from a locked rollout; a model version that may be live is rolled back."""
    _stop_clock(scope, row, end_time=scope.now)
    model_state = _ROLLED_BACK.get(row.model_state, row.model_state)
    ended = {"state": RolloutState.ROLLED_BACK, "end_time": scope.now}
    return change(scope, row, "rolled_back", reason, model_state=model_state, **ended)


def change(scope: Scope, row: RolloutRow, action: str, reason: str, **changes: Any) -> Rollout:
    """Changes a locked rollout, with its entries in the audit log and the event log."""
    resources.change(scope, row, action=action, reason=reason, note=reason, **changes)
    return read_rollout(scope, row)


def _model_type(scope: Scope, model_id: str) -> str:
    if not model_id:
        return ""
    version = model_versions.get_version(scope, model_id)
    if version.stage == "LIVE":
        raise FailedPrecondition(
            f"model version {model_id} is live already: roll out another version",
            reason="MODEL_IS_LIVE",
            metadata={"model_id": model_id},
        )
    return version.model_type


def _open_stage(scope: Scope, row: RolloutRow, position: int, reason: str) -> None:
    running_since = scope.now if row.state == RolloutState.RUNNING else None
    values = {"rollout_id": row.id, "position": position, "reason": reason, "running_since": running_since}
    scope.insert(RolloutStageRow, start_time=scope.now, **values)


def _stop_clock(scope: Scope, row: RolloutRow, **ended: datetime) -> None:
    """Stops the clock of the current stage, unless the stage has ended; `ended` is its end."""
    stage = _stage(scope, row)
    if stage.end_time is None:
        time = held(stage, scope.now) // MICROSECOND
        rollouts.change_stage(scope, stage.number, held=time, running_since=None, **ended)


def _stage(scope: Scope, row: RolloutRow) -> RolloutStageRow:
    return rollouts.stages(scope, [row.id])[row.id][-1]
