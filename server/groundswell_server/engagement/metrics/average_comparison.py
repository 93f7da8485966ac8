"""Compares a post's rate with the persona's posts of the 30 days before, at equal age."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter

from groundswell_server.engagement.metrics.age_interpolation import AgePoint, versus_average_pct
from groundswell_storage.engagement import posts, snapshots
from groundswell_storage.engagement.posts import MeasuredPost
from groundswell_storage.scope import Scope

WINDOW = timedelta(days=30)
"""Period before a post, with whose posts the post is compared."""
MAX_PEERS = 200
"""Newest posts that a post is compared with."""
MAX_REFRESHED = 500
"""Posts that are compared again after older ones were imported."""


def peer_rates(
    scope: Scope, persona_id: str, platform: int, publish_time: datetime, age: timedelta
) -> list[list[AgePoint]]:
    """Returns the known rates at an age of the persona's posts of the 30 days before a time, grouped by post."""
    rates = snapshots.rates_around_age(
        scope, persona_id, platform, since=publish_time - WINDOW, before=publish_time, age=age, limit=MAX_PEERS
    )
    by_post = groupby(rates, key=lambda rate: rate.post_id)
    return [[AgePoint(rate.age, rate.rate_pct) for rate in group] for _, group in by_post]


def versus_average(
    scope: Scope,
    *,
    persona_id: str,
    platform: int,
    publish_time: datetime,
    fetch_time: datetime,
    rate_pct: float | None,
) -> float | None:
    """Compares a rate with the persona's average at equal age, percent; None without posts to compare with."""
    if rate_pct is None:
        return None
    age = fetch_time - publish_time
    return versus_average_pct(rate_pct, age, peer_rates(scope, persona_id, platform, publish_time, age))


def compare_imported(scope: Scope, persona_id: str, platform: int, imported: Sequence[MeasuredPost]) -> None:
    """Compares imported posts, and again the posts of the 30 days after them.

    Of the latter the nearest `MAX_REFRESHED` are compared; the others follow with their next metrics. All rates of the
    span are read at once, because a batch has hundreds of posts.
    """
    first = min(post.publish_time for post in imported)
    end = max(post.publish_time for post in imported) + WINDOW
    most = len(imported) + MAX_REFRESHED
    later = posts.measured(scope, persona_id, platform, since=first, before=end, limit=most)
    rates = snapshots.rates_of_span(scope, persona_id, platform, since=first - WINDOW, before=end)
    peers = [
        (rows[0].publish_time, [AgePoint(row.age, row.rate_pct) for row in rows])
        for rows in (list(group) for _, group in groupby(rates, key=lambda row: row.post_id))
    ]
    changed = {}
    for post in {post.id: post for post in (*later, *imported)}.values():
        figure = _against(post, peers)
        if figure != post.vs_average_pct:
            changed[post.id] = figure
    posts.set_averages(scope, changed)


def _against(post: MeasuredPost, peers: Sequence[tuple[datetime, Sequence[AgePoint]]]) -> float | None:
    """Compares a post with the `peers`, ordered by publication, of the 30 days before it."""
    start = bisect_left(peers, post.publish_time - WINDOW, key=itemgetter(0))
    end = bisect_left(peers, post.publish_time, key=itemgetter(0))
    points = [points for _, points in peers[max(start, end - MAX_PEERS) : end]]
    return versus_average_pct(post.engagement_rate_pct, post.fetch_time - post.publish_time, points)
