"""Rollouts and the stages that they have entered."""

from __future__ import annotations

from collections.abc import Sequence

from peewee import BigAutoField, BigIntegerField, SmallIntegerField, TextField

from groundswell_storage.database import Database
from groundswell_storage.events.topics import ROLLOUT_CHANGED
from groundswell_storage.experiments.enums import RolloutModelState, RolloutState
from groundswell_storage.experiments.keys import KeyedResource
from groundswell_storage.fields import EnumField, InstantField, JsonField
from groundswell_storage.scope import Scope
from groundswell_storage.table import Table

UNDER_WAY = (RolloutState.RUNNING, RolloutState.PAUSED)
"""The states of a rollout that has not ended."""


class RolloutRow(KeyedResource):
    """The design of a rollout and its progress."""

    key = TextField()
    state = EnumField(RolloutState, default=RolloutState.RUNNING)
    design = JsonField()
    stage = SmallIntegerField(default=0)
    """The position of the current stage."""
    note = TextField(default="")
    """The reason of the last change in words."""
    problems = JsonField(default=list)
    """The names of the problems that the last check found."""
    model_type = TextField(default="")
    """The type of the model version that is rolled out; empty without one."""
    model_state = EnumField(RolloutModelState, default=RolloutModelState.NONE)
    previous_model_id = TextField(default="")
    """The version that was live before."""
    principal = JsonField(null=True)
    """The role, actor and scopes with which LearningService is called; null without a model."""
    end_time = InstantField(null=True)

    topic = ROLLOUT_CHANGED
    audited = ("state", "stage", "model_state", "design")
    audited_always = ("state", "stage")

    class Meta:
        indexes = (
            (("workspace", "key"), True),
            (("workspace", "create_time", "id"), False),
            (("state",), False),
            (("model_state",), False),
        )


class RolloutStageRow(Table):
    """A stage that a rollout has entered."""

    number = BigAutoField()
    """Unique in the deployment. The counts of the stage are stored under its negative; those of experiments under
    positive numbers."""
    rollout_id = TextField()
    position = SmallIntegerField()
    reason = TextField()
    """The reason of the start in words."""
    start_time = InstantField()
    held = BigIntegerField(default=0)
    """The microseconds for which it was held before `running_since`."""
    running_since = InstantField(null=True)
    """The time since which its clock runs; null while it is paused and after its end."""
    end_time = InstantField(null=True)
    moves = BigIntegerField(default=0)
    """The number of changes of units' exposures, as for experiments."""
    last_check = JsonField(null=True)
    """The result of the last check; null before the first."""

    class Meta:
        indexes = ((("workspace", "rollout_id", "position"), True),)


def stages(scope: Scope, ids: Sequence[str], *, hold: bool = False) -> dict[str, list[RolloutStageRow]]:
    """Returns the stages of these rollouts, in order; `hold` prevents changes until the transaction ends."""
    found: dict[str, list[RolloutStageRow]] = {id: [] for id in ids}
    query = scope.select(RolloutStageRow).where(RolloutStageRow.rollout_id.in_(list(ids)))
    query = query.order_by(RolloutStageRow.rollout_id, RolloutStageRow.position)
    if hold and scope.database.dialect != "sqlite":
        query = query.for_update("FOR SHARE")  # type: ignore[arg-type]  # the stubs declare no other lock
    for row in query:
        found[row.rollout_id].append(row)
    return found


def change_stage(scope: Scope, number: int, **changes: object) -> None:
    """Writes changes of a stage."""
    scope.update(RolloutStageRow, **changes).where(RolloutStageRow.number == number).execute()


def count_move(scope: Scope, number: int) -> None:
    """Counts a change of a unit's exposure, before the change; waits for transactions that hold the stage."""
    change_stage(scope, number, moves=RolloutStageRow.moves + 1)


def in_states(database: Database, states: Sequence[int], column: str = "state") -> list[tuple[str, str]]:
    """Returns the workspace and id of the rollouts of all workspaces in one of these states, oldest first.

    With the column `model_state` the states are those of the model version.
    """
    marks = ", ".join("?" * len(states))
    rows = database.execute(f"SELECT workspace, id FROM rollout WHERE {column} IN ({marks}) ORDER BY id", tuple(states))
    return [(row[0], row[1]) for row in rows.fetchall()]
