"""The life of a rollout: it begins, goes from stage to stage, is paused, ends with all units, or goes back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from groundswell_server.experiments.rollouts.design import RolloutDesign, complete, design_of, guarded, record_of
from groundswell_server.experiments.rollouts.rollout import (
    UNDER_WAY,
    ModelState,
    Rollout,
    RolloutState,
    held,
    rollout_of,
)
from groundswell_storage.audit import audit
from groundswell_storage.errors import FailedPrecondition
from groundswell_storage.events.topics import ROLLOUT_CHANGED
from groundswell_storage.experiments import keys, rollouts
from groundswell_storage.experiments.rollouts import RolloutRow, RolloutStageRow
from groundswell_storage.fields import MICROSECOND
from groundswell_storage.learning import model_versions
from groundswell_storage.pages import Page
from groundswell_storage.resources import check_etag, revise
from groundswell_storage.scope import Scope


def create_rollout(
    scope: Scope,
    key: str,
    design: RolloutDesign,
    principal: Mapping[str, Any] | None = None,
    *,
    target_age: timedelta,
) -> Rollout:
    """Begins a rollout at its first stage.

    `principal` is on whose behalf the registry is asked, for a model's; `target_age` is after how long LearningService
    knows what came of a prediction.

    Raises AlreadyExists (`EXPERIMENT_KEY_TAKEN`), InvalidArgument (`EXPERIMENT_INVALID`), NotFound (`MODEL_NOT_FOUND`),
    FailedPrecondition (`MODEL_IS_LIVE`).
    """
    model_type = _model_type(scope, design.model_id)
    design = complete(guarded(design, model_type, target_age))
    values = {
        "key": key,
        "state": RolloutState.RUNNING,
        "design": record_of(design),
        "note": "begun",
        "model_type": model_type,
        "model_state": ModelState.WAITING if model_type else ModelState.NONE,
        "principal": principal,
    }
    keys.take(scope, key)
    row = scope.insert(RolloutRow, id=scope.new_id(), create_time=scope.now, update_time=scope.now, **values)
    _open_stage(scope, row, 0, "begun")
    return _told(scope, row, "created")


def get_rollout(scope: Scope, key: str) -> Rollout:
    """A rollout by its key; raises NotFound."""
    return _read(scope, rollouts.by_key(scope, key))


def list_rollouts(scope: Scope, *, state: int, page_size: int, page_token: str) -> Page[Rollout]:
    """One page of rollouts, newest first: those in a state, or all for 0."""
    states = [state] if state else list(RolloutState)
    found = rollouts.page(scope, states=states, page_size=page_size, page_token=page_token)
    stages = rollouts.stages(scope, [row.id for row in found.items])
    return found.map(lambda row: rollout_of(row, stages[row.id], scope.now))


def advance_rollout(scope: Scope, key: str, *, reason: str = "", etag: str = "") -> Rollout:
    """Goes on to the next stage, or completes it. Raises NotFound, Aborted (`ETAG_MISMATCH`), FailedPrecondition."""
    row = rollouts.by_key(scope, key, lock=True)
    check_etag(row.version, etag)
    _require_state(row, RolloutState.RUNNING)
    return go_on(scope, row, reason or "asked for")


def pause_rollout(scope: Scope, key: str, reason: str = "") -> Rollout:
    """Stops its clock; raises NotFound, FailedPrecondition (`ROLLOUT_STATE_INVALID`)."""
    row = rollouts.by_key(scope, key, lock=True)
    _require_state(row, RolloutState.RUNNING)
    return pause(scope, row, reason or "asked for")


def resume_rollout(scope: Scope, key: str, reason: str = "") -> Rollout:
    """Lets its clock go on; raises NotFound, FailedPrecondition (`ROLLOUT_STATE_INVALID`)."""
    row = rollouts.by_key(scope, key, lock=True)
    _require_state(row, RolloutState.PAUSED)
    before = shown(row)
    rollouts.change_stage(scope, _stage(scope, row).number, running_since=scope.now)
    revise(scope, row, state=RolloutState.RUNNING, note=reason or "asked for")
    return _told(scope, row, "resumed", before)


def roll_back_rollout(scope: Scope, key: str, reason: str = "") -> Rollout:
    """Gives everybody the old again; raises NotFound, FailedPrecondition (`ROLLOUT_STATE_INVALID`)."""
    row = rollouts.by_key(scope, key, lock=True)
    _require_state(row, *UNDER_WAY, RolloutState.COMPLETED)
    return roll_back(scope, row, reason or "asked for")


def go_on(scope: Scope, row: RolloutRow, reason: str) -> Rollout:
    """Takes a locked rollout to its next stage, or to its end.

    Before the last stage of a model's, LearningService has to make the version live: that is noted, and done by the
    servers (`model_steps`), which then open the stage.
    """
    design, before = design_of(row.design), shown(row)
    if row.stage == design.last:
        _close_stage(scope, row)
        revise(scope, row, state=RolloutState.COMPLETED, end_time=scope.now, note=reason)
        return _told(scope, row, "completed", before)
    if row.model_state == ModelState.PROMOTING:
        return _read(scope, row)
    if row.stage + 1 == design.last and row.model_state == ModelState.WAITING:
        live = model_versions.live_version(scope, row.model_type)
        previous = "" if live is None else live.id
        revise(scope, row, model_state=ModelState.PROMOTING, previous_model_id=previous, note=reason)
        return _told(scope, row, "model_promotion_asked_for", before)
    return enter(scope, row, row.stage + 1, reason)


def enter(scope: Scope, row: RolloutRow, position: int, reason: str, **changes: object) -> Rollout:
    """Begins a stage of a locked rollout."""
    before = shown(row)
    _close_stage(scope, row)
    revise(scope, row, stage=position, note=reason, **changes)
    _open_stage(scope, row, position, reason)
    return _told(scope, row, "advanced", before)


def pause(scope: Scope, row: RolloutRow, reason: str, **changes: object) -> Rollout:
    """Stops the clock of a locked rollout."""
    before = shown(row)
    stage = _stage(scope, row)
    rollouts.change_stage(scope, stage.number, held=held(stage, scope.now) // MICROSECOND, running_since=None)
    revise(scope, row, state=RolloutState.PAUSED, note=reason, **changes)
    return _told(scope, row, "paused", before)


def roll_back(scope: Scope, row: RolloutRow, reason: str) -> Rollout:
    """Gives everybody the old again, from a locked rollout; a model version that may be live is to be taken back."""
    before = shown(row)
    _close_stage(scope, row)
    way_back = {
        ModelState.WAITING: ModelState.ROLLED_BACK,
        ModelState.PROMOTING: ModelState.ROLLING_BACK,
        ModelState.LIVE: ModelState.ROLLING_BACK,
    }
    model_state = way_back.get(ModelState(row.model_state), row.model_state)
    revise(scope, row, state=RolloutState.ROLLED_BACK, model_state=model_state, end_time=scope.now, note=reason)
    return _told(scope, row, "rolled_back", before)


def change_model(scope: Scope, row: RolloutRow, action: str, reason: str, **changes: object) -> Rollout:
    """Notes what became of the model version of a locked rollout."""
    before = shown(row)
    revise(scope, row, note=reason, **changes)
    return _told(scope, row, action, before)


def shown(row: RolloutRow) -> dict[str, Any]:
    """What the audit log says of a rollout."""
    found: dict[str, Any] = {"state": RolloutState(row.state).name, "stage": row.stage}
    if row.model_type:
        found["model_state"] = ModelState(row.model_state).name
    return found


def _model_type(scope: Scope, model_id: str) -> str:
    if not model_id:
        return ""
    version = model_versions.get_version(scope, model_id)
    if version.stage == "LIVE":
        raise FailedPrecondition(
            f"version {model_id} is live already: there is nothing to roll out",
            reason="MODEL_IS_LIVE",
            metadata={"model_id": model_id},
        )
    return version.model_type


def _open_stage(scope: Scope, row: RolloutRow, position: int, reason: str) -> None:
    scope.insert(
        RolloutStageRow,
        rollout_id=row.id,
        position=position,
        reason=reason,
        start_time=scope.now,
        running_since=scope.now if row.state == RolloutState.RUNNING else None,
    )


def _close_stage(scope: Scope, row: RolloutRow) -> None:
    stage = _stage(scope, row)
    if stage.end_time is None:
        time = held(stage, scope.now) // MICROSECOND
        rollouts.change_stage(scope, stage.number, held=time, running_since=None, end_time=scope.now)


def _stage(scope: Scope, row: RolloutRow) -> RolloutStageRow:
    return rollouts.stages(scope, [row.id])[row.id][-1]


def _require_state(row: RolloutRow, *states: RolloutState) -> None:
    if row.state not in states:
        raise FailedPrecondition(
            f"rollout {row.key!r} is {RolloutState(row.state).name}; this needs "
            f"{' or '.join(one.name for one in states)}",
            reason="ROLLOUT_STATE_INVALID",
            metadata={"state": RolloutState(row.state).name},
        )


def _read(scope: Scope, row: RolloutRow) -> Rollout:
    return rollout_of(row, rollouts.stages(scope, [row.id])[row.id], scope.now)


def _told(scope: Scope, row: RolloutRow, action: str, before: Mapping[str, Any] | None = None) -> Rollout:
    """Tells the audit log and the servers; returns the rollout as it stands now."""
    after = shown(row) if before else {**shown(row), "design": row.design}
    audit.record(scope, f"rollout.{action}", f"rollout/{row.key}", reason=row.note, before=before, after=after)
    scope.publish(ROLLOUT_CHANGED, row.id, {"key": row.key, "state": RolloutState(row.state).name})
    return _read(scope, row)
