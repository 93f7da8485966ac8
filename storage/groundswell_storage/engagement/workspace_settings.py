"""The settings of Engagement that workspaces have changed."""

from __future__ import annotations

from peewee import IntegerField, SmallIntegerField, TextField

from groundswell_storage.fields import InstantField
from groundswell_storage.scope import Scope
from groundswell_storage.table import Table


class EngagementSettingsRow(Table):
    """The settings of a workspace."""

    workspace = TextField(primary_key=True)
    pii_filter = SmallIntegerField()
    reason = TextField()
    version = IntegerField()
    update_time = InstantField()


def find(scope: Scope) -> EngagementSettingsRow | None:
    """Returns the workspace's row; None while nothing was changed."""
    found: EngagementSettingsRow | None = scope.select(EngagementSettingsRow).first()
    return found


def lock(scope: Scope, *, pii_filter: int) -> EngagementSettingsRow:
    """Returns the row, created with the default if necessary, locked until the transaction ends."""
    first = {"pii_filter": pii_filter, "reason": "", "version": 0, "update_time": scope.now}
    scope.insert_many(EngagementSettingsRow, [first], skip_existing=True)
    query = scope.select(EngagementSettingsRow)
    row: EngagementSettingsRow = (query if scope.database.dialect == "sqlite" else query.for_update()).get()
    return row


def change(scope: Scope, row: EngagementSettingsRow, *, pii_filter: int, reason: str) -> None:
    """Writes the next version of the row; it has the new values afterwards."""
    values = {"pii_filter": pii_filter, "reason": reason, "version": row.version + 1, "update_time": scope.now}
    scope.update(EngagementSettingsRow, **values).execute()
    row.__data__.update(values)
