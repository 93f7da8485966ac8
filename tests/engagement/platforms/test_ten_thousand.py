"""10,000 posts against the stand-in under the platforms' real limits, by a worker that is killed twice on the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from groundswell.v1.engagement_pb2 import SyncReport
from groundswell_server.engagement.posts import PostDraft, post_values
from groundswell_server.engagement.vocabulary import Platform, SyncOutcome
from groundswell_storage.database import connect
from groundswell_storage.engagement import posts
from groundswell_storage.engagement.posts import PostRow
from groundswell_storage.engagement.snapshots import MetricSnapshotRow
from tests.engagement.platforms.accelerated_jobs import CLOCK
from tests.engagement.platforms.clocks import SharedClock
from tests.engagement.platforms.studio import Studio
from tests.jobs.running import ROOT, lapse, look
from tests.patience import eventually
from tests.stand_in import Fault, StandIn, StandInPost

POSTS, PERSONAS = 10_000, 50
INSTAGRAM, FACEBOOK, TWITTER, TIKTOK = Platform.INSTAGRAM, Platform.FACEBOOK, Platform.TWITTER, Platform.TIKTOK
PLATFORMS = (INSTAGRAM, FACEBOOK, TWITTER, TIKTOK, INSTAGRAM, TWITTER, TIKTOK, TWITTER, TIKTOK, TWITTER)
"""Of ten posts."""
FAULTS = {7: Fault.GONE, 11: Fault.EMPTY}
"""One post in a hundred has each of them."""
CAME_OF = {None: SyncOutcome.SYNCED, Fault.GONE: SyncOutcome.GONE, Fault.EMPTY: SyncOutcome.UNKNOWN}
KILLED_AT = (1_000, 2_500)
"""Calls that the stand-in has served by then."""


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_ten_thousand_posts_within_the_limits_killed_twice(
    sqlite_url: str, stand_in: StandIn, clock: SharedClock
) -> None:
    database = connect(sqlite_url)
    studio = Studio(database, stand_in, clock)
    expected = publish(studio)
    operation = studio.ask()
    for calls in KILLED_AT:
        with worker(studio) as process:
            eventually(lambda calls=calls: stand_in.calls.total() >= calls, within_seconds=600)
            process.send_signal(signal.SIGKILL)
            process.wait(30)
        assert look(database, operation).state == "RUNNING"
        lapse(database, operation)
    with worker(studio):
        eventually(lambda: look(database, operation).is_done, within_seconds=600)
    ended = look(database, operation)
    report = SyncReport.FromString(ended.response or b"")
    assert stand_in.refused_for_rate == 0
    assert Counter({SyncOutcome(each.outcome): 0 for each in report.counts}) + Counter(
        {outcome: sum(each.count for each in report.counts if each.outcome == outcome) for outcome in SyncOutcome}
    ) == Counter(CAME_OF[post.fault] for post in expected.values())
    assert report.interaction_count == sum(
        post.comments for id, post in expected.items() if id.startswith("1-") and post.fault is None
    )
    with database.scope("default") as scope:
        rows = {row.platform_post_id: row for row in scope.select(PostRow)}
        kept = Counter(row.post_id for row in scope.select(MetricSnapshotRow))
    assert rows.keys() == expected.keys()
    for id, post in expected.items():
        wanted = None if post.fault else (post.likes, post.comments, post.shares)
        row = rows[id]
        assert ((row.likes, row.comments, row.shares) if row.fetched else None) == wanted
        assert kept[row.id] == (0 if post.fault else 1), "one snapshot a fetch, and no fetch twice"
    database.close()


def publish(studio: Studio) -> dict[str, StandInPost]:
    """Posts on all platforms, some with something wrong; by their ids on the platforms."""
    for platform in set(PLATFORMS):
        studio.connect(platform)
    personas = [studio.persona(f"Persona {number}") for number in range(PERSONAS)]
    rows = []
    with studio.database.scope("default") as scope:
        for number in range(POSTS):
            platform, turn = PLATFORMS[number % 10], number // 10
            id = f"{int(platform)}-{number}"
            made = studio.stand_in.posts[id] = StandInPost.invented(id, studio.clock.seconds())
            made.fault = FAULTS.get(turn % 100)
            made.hiccups = int(turn % 100 == 13)
            made.comments = made.comments if turn % 10 == 0 else 0
            age = timedelta(hours=2, minutes=number % 1200)
            draft = PostDraft(personas[turn % PERSONAS], platform, id, publish_time=studio.start - age)
            rows.append(post_values(scope, draft, None))
        posts.add(scope, rows)
    return dict(studio.stand_in.posts)


@contextmanager
def worker(studio: Studio) -> Iterator[subprocess.Popen[bytes]]:
    """A worker process; ended at the end of the block if it still runs then."""
    given = {"database_url": studio.database.url, "log_level": "warning", **studio.given}
    environment = {f"GROUNDSWELL_{name.upper()}": value for name, value in given.items()}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.engagement.platforms.worker_process"],
        cwd=ROOT,
        env={**os.environ, CLOCK: str(Path(studio.clock.path)), **environment},
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait(30)
