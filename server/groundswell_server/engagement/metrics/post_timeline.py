"""GetTimeline: a post's counts hour by hour, from the snapshots that are stored."""

from __future__ import annotations

from datetime import datetime

from groundswell_server.engagement.metrics.timeline import Snapshot, TimelineHour, check_range, hourly_timeline
from groundswell_server.engagement.posts.posts import counts_of
from groundswell_storage.engagement import snapshots
from groundswell_storage.engagement.posts import PostRow
from groundswell_storage.scope import Scope


def timeline_of_post(
    scope: Scope, post_id: str, start: datetime | None = None, end: datetime | None = None
) -> tuple[TimelineHour, ...]:
    """The hours from `start`, the post's publication when None, to `end` that hold snapshots, oldest first.

    Raises NotFound, and InvalidArgument for an `end` that is not after the start or more than 2160 hours later.
    """
    post = scope.get(PostRow, post_id)
    check_range(start or post.publish_time, end)
    found = [Snapshot(row.fetch_time, counts_of(row)) for row in snapshots.of_post(scope, post_id)]
    return hourly_timeline(post.publish_time, found, start, end)
