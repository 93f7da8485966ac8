"""Messages of syncs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from groundswell.v1 import engagement_pb2 as pb
from groundswell_server.conversions.protobuf_conversions import message_of, time_in
from groundswell_server.engagement.platforms import LIMIT_GROUPS
from groundswell_server.engagement.sync.sync_plan import SyncScope
from groundswell_server.engagement.sync.sync_report import SyncReport
from groundswell_storage.engagement.enums import Platform

_DEFAULT_HOURS = 24
"""Hours that SyncPosts covers by default."""
_PLATFORMS = tuple(platform for sharing in LIMIT_GROUPS for platform in sharing)


def pinned_sync(request: pb.SyncPostsRequest, now: datetime) -> pb.SyncPostsRequest:
    """Returns the request with its time filled in, so that all its runs cover the same span."""
    result = pb.SyncPostsRequest()
    result.CopyFrom(request)
    result.as_of_time.FromDatetime(time_in(request, "as_of_time") or now)
    return result


def hourly_sync(hours: int, platforms: Iterable[Platform], now: datetime) -> bytes:
    """Returns the request of the hourly sync."""
    fields: dict[str, Any] = {
        "hours": hours,
        "platforms": [int(platform) for platform in platforms],
        "include_overdue": True,
    }
    return pinned_sync(pb.SyncPostsRequest(**fields), now).SerializeToString()


def sync_scope(request: pb.SyncPostsRequest, awaited: Sequence[timedelta]) -> SyncScope:
    """Returns the scope of a pinned request; `awaited` are the ages at which metrics are needed."""
    return SyncScope(
        until=time_in(request, "as_of_time") or datetime.now(UTC),
        hours=request.hours or _DEFAULT_HOURS,
        platforms=tuple(Platform(number) for number in request.platforms) or _PLATFORMS,
        persona_ids=tuple(request.persona_ids),
        awaited_ages=tuple(awaited) if request.include_overdue else (),
    )


def sync_message(report: SyncReport) -> pb.SyncReport:
    """Returns the message of a report."""
    return message_of(pb.SyncReport, report)
