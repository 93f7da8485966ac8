"""The engagement settings of a workspace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from groundswell_storage.audit import audit
from groundswell_storage.engagement import workspace_settings as rows
from groundswell_storage.engagement.enums import PiiFilter
from groundswell_storage.engagement.workspace_settings import EngagementSettingsRow
from groundswell_storage.events.topics import ENGAGEMENT_SETTINGS_CHANGED
from groundswell_storage.resources import check_etag, etag_of
from groundswell_storage.scope import Scope


@dataclass(frozen=True, slots=True)
class EngagementSettings:
    """The settings of a workspace."""

    pii_filter: PiiFilter = PiiFilter.ON
    reason: str = ""
    """Why the filter was turned off; empty when it is on."""
    update_time: datetime | None = None
    """None when they were never changed."""
    etag: str = etag_of(0)


def read_settings(scope: Scope) -> EngagementSettings:
    """Returns the present settings."""
    row = rows.find(scope)
    return EngagementSettings() if row is None else _settings_of(row)


def update_settings(scope: Scope, pii_filter: PiiFilter, reason: str, etag: str = "") -> EngagementSettings:
    """Turns the filter on or off and records the reason in the audit log. Raises Aborted (`ETAG_MISMATCH`)."""
    row = rows.lock(scope, pii_filter=PiiFilter.ON)
    check_etag(row.version, etag)
    before = _settings_of(row)
    kept = reason if pii_filter is PiiFilter.OFF else ""
    if (before.pii_filter, before.reason) == (pii_filter, kept):
        return read_settings(scope)
    rows.change(scope, row, pii_filter=pii_filter, reason=kept)
    scope.publish(ENGAGEMENT_SETTINGS_CHANGED, scope.workspace, {"pii_filter": pii_filter.name})
    audit.record(
        scope,
        "engagement_settings.updated",
        f"engagement_settings/{scope.workspace}",
        reason=reason,
        before={"pii_filter": before.pii_filter.name},
        after={"pii_filter": pii_filter.name},
    )
    return _settings_of(row)


def _settings_of(row: EngagementSettingsRow) -> EngagementSettings:
    return EngagementSettings(
        pii_filter=PiiFilter(row.pii_filter),
        reason=row.reason,
        update_time=row.update_time if row.version else None,
        etag=etag_of(row.version),
    )
