"""Model versions that rollouts give to some units while another version is live."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from groundswell_storage.database import Database
from groundswell_storage.experiments.enums import RolloutModelState
from groundswell_storage.experiments.rollouts import UNDER_WAY, RolloutRow
from groundswell_storage.scope import Scope

_NOT_LIVE_YET = (RolloutModelState.WAITING, RolloutModelState.PROMOTING)


class ModelRollout(NamedTuple):
    """A version that is being rolled out."""

    rollout_id: str
    rollout_key: str
    rollout_version: int
    """Increases with every change of the rollout."""
    start_time: datetime
    model_type: str
    model_id: str


def read(scope: Scope) -> list[ModelRollout]:
    """Returns the versions of the workspace, the oldest rollout first."""
    under_way = RolloutRow.state.in_(UNDER_WAY) & RolloutRow.model_state.in_(_NOT_LIVE_YET)
    rows = scope.select(RolloutRow).where(under_way).order_by(RolloutRow.create_time, RolloutRow.id)
    return [
        ModelRollout(row.id, row.key, row.version, row.create_time, row.model_type, row.design["model_id"])
        for row in rows
    ]


def workspaces(database: Database) -> set[str]:
    """Returns the workspaces that have such versions."""
    marks = "?, ?"
    rows = database.execute(
        f"SELECT DISTINCT workspace FROM rollout WHERE model_state IN ({marks}) AND state IN ({marks})",
        (*_NOT_LIVE_YET, *UNDER_WAY),
    )
    return {row[0] for row in rows.fetchall()}
