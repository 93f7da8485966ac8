"""The drift of all live models of a deployment, for its operators."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from groundswell_storage.database import Database
from groundswell_storage.fields import from_micros


class LiveFigures(NamedTuple):
    """A live version, and its last drift check."""

    workspace: str
    model_type: str
    version: int
    drift_score: float | None
    """None when it was never checked."""
    checked: datetime | None


def read(database: Database) -> list[LiveFigures]:
    """Returns all live versions of all workspaces."""
    rows = database.execute(
        "SELECT m.workspace, m.model_type, m.version, d.drift_score, d.create_time FROM model m "
        "LEFT JOIN drift_report d ON d.id = (SELECT r.id FROM drift_report r WHERE r.workspace = m.workspace "
        "AND r.model_id = m.id ORDER BY r.create_time DESC, r.id DESC LIMIT 1) "
        "WHERE m.stage = 'LIVE' ORDER BY m.workspace, m.model_type"
    ).fetchall()
    return [LiveFigures._make((*row[:4], None if row[4] is None else from_micros(row[4]))) for row in rows]
