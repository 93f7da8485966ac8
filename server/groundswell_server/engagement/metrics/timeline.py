"""The timeline of a post: its counts hour by hour, read from the metric snapshots.

Nothing is interpolated, because interpolated hours would look like measurements. An hour without a snapshot is left
out, and growth includes the hours over which it happened, so that a gap shows as one step with its true length. Counts
may go down: platforms remove fake interactions, and people take back likes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from itertools import groupby

from groundswell_server.engagement.metrics.engagement_rates import Counts, counts_of
from groundswell_storage.engagement import snapshots
from groundswell_storage.engagement.posts import PostRow
from groundswell_storage.errors import InvalidArgument
from groundswell_storage.scope import Scope

HOUR = timedelta(hours=1)
MAX_HOURS = 2160
"""Hours in one response at most: 90 days."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Cumulative counts at the time of a fetch."""

    time: datetime
    counts: Counts


@dataclass(frozen=True, slots=True)
class Growth:
    """Growth of counts between two snapshots."""

    counts: Counts
    """Increase of each count; negative where the platform took some back, None where either end is unknown."""
    elapsed_hours: float
    """Hours between the two snapshots, above 1 after a gap."""


@dataclass(frozen=True, slots=True)
class TimelineHour:
    """One hour in which at least one snapshot was fetched."""

    start_time: datetime
    """Full hour, in the zone of the snapshots (UTC)."""
    counts: Counts
    """Counts at the end of the hour, by its last snapshot."""
    growth: Growth | None
    """Growth since the last snapshot before the hour, or since publication, when all counts were 0. None when
    unknown."""
    snapshot_count: int


def timeline_of_post(
    scope: Scope, post_id: str, start: datetime | None = None, end: datetime | None = None
) -> tuple[TimelineHour, ...]:
    """Returns the hours with snapshots from `start` (publication when None) to `end`, oldest first.

    Raises NotFound, and InvalidArgument for an `end` that is not after the start or more than 2160 hours later.
    """
    post = scope.get(PostRow, post_id)
    check_range(start or post.publish_time, end)
    found = [Snapshot(row.fetch_time, counts_of(row)) for row in snapshots.list_for_post(scope, post_id)]
    return hourly_timeline(post.publish_time, found, start, end)


def hourly_timeline(
    published_time: datetime | None,
    snapshots: Iterable[Snapshot],
    start: datetime | None = None,
    end: datetime | None = None,
) -> tuple[TimelineHour, ...]:
    """Returns the hours with snapshots from `start` to `end`, oldest first.

    Args:
        published_time: time of publication; None when unknown.
        snapshots: all snapshots of the post, in any order; the growth of the first hour needs those before `start`.
        start: start of the first hour; that of the first snapshot when None.
        end: end of the last hour, exclusive; that of the last snapshot when None.

    Raises InvalidArgument when `end` is not after `start` or more than 2160 hours later.
    """
    check_range(start, end)
    hours: list[TimelineHour] = []
    before = None if published_time is None else Snapshot(published_time, _ZERO)
    for hour, found in groupby(sorted(snapshots, key=_time), key=_hour):
        group = list(found)
        last = group[-1]
        if (start is None or hour >= _floor(start)) and (end is None or hour < end):
            hours.append(TimelineHour(hour, last.counts, _growth(before, last), len(group)))
        before = last
    return tuple(hours)


def check_range(start: datetime | None, end: datetime | None) -> None:
    """Raises InvalidArgument when `end` is not after `start`, or more than `MAX_HOURS` hours after it."""
    if start is None or end is None:
        return
    if end <= start:
        raise InvalidArgument.of("end_time", f"must be after start_time, got {end.isoformat()}")
    if end - _floor(start) > MAX_HOURS * HOUR:
        raise InvalidArgument.of(
            "end_time", f"must be at most {MAX_HOURS} hours after start_time, got {end.isoformat()}"
        )


_ZERO = Counts(*(0 for _ in fields(Counts)))


def _growth(before: Snapshot | None, after: Snapshot) -> Growth | None:
    if before is None or after.time < before.time:
        return None
    gained = {}
    for count in fields(Counts):
        old, new = getattr(before.counts, count.name), getattr(after.counts, count.name)
        gained[count.name] = None if old is None or new is None else new - old
    return Growth(Counts(**gained), (after.time - before.time) / HOUR)


def _floor(time: datetime) -> datetime:
    return time.replace(minute=0, second=0, microsecond=0)


def _time(snapshot: Snapshot) -> datetime:
    return snapshot.time


def _hour(snapshot: Snapshot) -> datetime:
    return _floor(snapshot.time)
