"""Rollouts as they were designed, and the stages they went through."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from peewee import BigAutoField, BigIntegerField, SmallIntegerField, TextField

from groundswell_storage.database import Database
from groundswell_storage.errors import NotFound
from groundswell_storage.fields import InstantField, JsonField
from groundswell_storage.pages import Page, read_page
from groundswell_storage.scope import Scope
from groundswell_storage.table import Table


class RolloutRow(Table):
    """A rollout."""

    id = TextField(primary_key=True)
    key = TextField()
    state = SmallIntegerField()
    design = JsonField()
    stage = SmallIntegerField(default=0)
    """Position of the stage it is at."""
    note = TextField(default="")
    """Why it is where it is, in words."""
    doubts = JsonField(default=list)
    """Names of the doubts that the last check found."""
    model_type = TextField(default="")
    """Type of the model version that is its subject; empty when it has none."""
    model_state = SmallIntegerField(default=0)
    """Where that version is on its way into the registry and back."""
    previous_model_id = TextField(default="")
    """The version that was live before it."""
    principal = JsonField(null=True)
    """On whose behalf the registry is asked: role, scopes and actor; null without a model."""
    version = BigIntegerField(default=1)
    create_time = InstantField()
    update_time = InstantField()
    end_time = InstantField(null=True)

    class Meta:
        indexes = (
            (("workspace", "key"), True),
            (("workspace", "create_time", "id"), False),
            (("state",), False),
            (("model_state",), False),
        )


class RolloutStageRow(Table):
    """A stage that a rollout came to."""

    number = BigAutoField()
    """Unique in the deployment. What is counted in it stands under this number below zero; experiments' are above."""
    rollout_id = TextField()
    position = SmallIntegerField()
    reason = TextField()
    """Why it began, in words."""
    start_time = InstantField()
    held = BigIntegerField(default=0)
    """Microseconds that it was held before `running_since`."""
    running_since = InstantField(null=True)
    """Since when its time runs; null in a pause and after its end."""
    end_time = InstantField(null=True)
    moves = BigIntegerField(default=0)
    """How often one of its units was moved, as experiments count it."""
    seen = JsonField(null=True)
    """What the last check saw; null before the first."""

    class Meta:
        indexes = ((("workspace", "rollout_id", "position"), True),)


def by_key(scope: Scope, key: str, *, lock: bool = False) -> RolloutRow:
    """The rollout of this key; raises NotFound. `lock` keeps others from changing it until the transaction ends."""
    query = scope.select(RolloutRow).where(RolloutRow.key == key)
    if lock and scope.database.dialect != "sqlite":
        query = query.for_update()
    found: RolloutRow | None = query.first()
    if found is None:
        raise NotFound("rollout", key)
    return found


def by_keys(scope: Scope, keys: Collection[str]) -> dict[str, RolloutRow]:
    """The rollouts of these keys, as far as there are any."""
    return {row.key: row for row in scope.select(RolloutRow).where(RolloutRow.key.in_(list(keys)))}


def page(scope: Scope, *, states: Sequence[int], page_size: int, page_token: str) -> Page[RolloutRow]:
    """One page of the rollouts in one of these states, newest first."""
    return read_page(
        scope.select(RolloutRow).where(RolloutRow.state.in_(list(states))),
        time=RolloutRow.create_time,
        id=RolloutRow.id,
        page_size=page_size,
        page_token=page_token,
    )


def stages(scope: Scope, ids: Sequence[str], *, hold: bool = False) -> dict[str, list[RolloutStageRow]]:
    """The stages that these rollouts came to, in order; with `hold` they stay so until the transaction ends."""
    found: dict[str, list[RolloutStageRow]] = {id: [] for id in ids}
    query = scope.select(RolloutStageRow).where(RolloutStageRow.rollout_id.in_(list(ids)))
    query = query.order_by(RolloutStageRow.rollout_id, RolloutStageRow.position)
    if hold and scope.database.dialect != "sqlite":
        query = query.for_update("FOR SHARE")  # type: ignore[arg-type]  # the stubs know of no other lock
    for row in query:
        found[row.rollout_id].append(row)
    return found


def change_stage(scope: Scope, number: int, **changes: object) -> None:
    """Writes changes of a stage."""
    scope.update(RolloutStageRow, **changes).where(RolloutStageRow.number == number).execute()


def count_move(scope: Scope, number: int) -> None:
    """A unit of a stage is about to stand elsewhere; returns when nobody holds the stage any more."""
    change_stage(scope, number, moves=RolloutStageRow.moves + 1)


def in_states(database: Database, states: Sequence[int]) -> list[tuple[str, str]]:
    """Workspace and id of the rollouts of all workspaces that are in one of these states, oldest first."""
    return _ids(database, "state", states)


def with_models_in(database: Database, states: Sequence[int]) -> list[tuple[str, str]]:
    """Workspace and id of the rollouts of all workspaces whose model version is in one of these states."""
    return _ids(database, "model_state", states)


def _ids(database: Database, column: str, states: Sequence[int]) -> list[tuple[str, str]]:
    marks = ", ".join("?" * len(states))
    rows = database.execute(f"SELECT workspace, id FROM rollout WHERE {column} IN ({marks}) ORDER BY id", tuple(states))
    return [(row[0], row[1]) for row in rows.fetchall()]
