"""10,000 posts against the stand-in under the platforms' real limits, by two workers that are killed on the way."""

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
from groundswell_server.engagement.posts.posts import PostDraft, post_values
from groundswell_storage.database import connect
from groundswell_storage.engagement import posts
from groundswell_storage.engagement.enums import Platform, SyncOutcome
from groundswell_storage.engagement.posts import PostRow
from groundswell_storage.engagement.snapshots import MetricSnapshotRow
from tests.engagement.platforms.accelerated_jobs import CLOCK
from tests.engagement.platforms.clocks import SharedClock
from tests.engagement.platforms.studio import Studio
from tests.jobs.running import ROOT, lapse, look
from tests.patience import eventually
from tests.stand_in import Fault, StandIn, StandInPost

PERSONAS = 50
INSTAGRAM, FACEBOOK, TWITTER, TIKTOK = Platform.INSTAGRAM, Platform.FACEBOOK, Platform.TWITTER, Platform.TIKTOK
PLATFORMS = (INSTAGRAM, FACEBOOK, TWITTER, TIKTOK, INSTAGRAM, TWITTER, TIKTOK, TWITTER, TIKTOK, TWITTER)
"""Of ten posts."""
FAULTS = {7: Fault.GONE, 11: Fault.EMPTY}
"""One post in a hundred has each of them."""
CAME_OF = {None: SyncOutcome.SYNCED, Fault.GONE: SyncOutcome.GONE, Fault.EMPTY: SyncOutcome.UNKNOWN}
SYNCS = ((INSTAGRAM, TWITTER), (FACEBOOK, TIKTOK))
"""Two at once: they share the limit of the Graph API, which knows no difference between Instagram and Facebook."""
KILLED_AT = (10, 4)
"""The workers: when the stand-in has served a call for every so many posts."""
ATTEMPTS = 20
"""A machine that is busy otherwise costs some too: SQLite has one writer, and who waits too long for it tries later."""


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("kind", "count"), [("sqlite", 10_000), ("postgresql", 1_000)])
def test_ten_thousand_posts_within_the_limits_by_two_workers_killed_twice(
    request: pytest.FixtureRequest, kind: str, count: int, stand_in: StandIn, clock: SharedClock
) -> None:
    database = connect(request.getfixturevalue(f"{kind}_url"))
    studio = Studio(database, stand_in, clock)
    expected = publish(studio, count)
    syncs = [studio.ask(platforms=platforms, max_attempts=ATTEMPTS) for platforms in SYNCS]
    for posts_a_call in KILLED_AT:
        with worker(studio) as one, worker(studio) as other:
            eventually(lambda calls=count // posts_a_call: stand_in.calls.total() >= calls, within_seconds=600)
            for process in (one, other):
                process.send_signal(signal.SIGKILL)
            for process in (one, other):
                process.wait(30)
        for sync in (look(database, sync) for sync in syncs):
            assert 0.0 < sync.progress_pct < 100.0, "both are under way at once"
            if sync.state == "RUNNING":
                lapse(database, sync)
    with worker(studio), worker(studio):
        eventually(lambda: all(look(database, sync).is_done for sync in syncs), within_seconds=600)
    reports = [SyncReport.FromString(look(database, sync).response or b"") for sync in syncs]
    assert stand_in.refused_for_rate == 0
    came_of: Counter[SyncOutcome] = Counter()
    for each in (each for report in reports for each in report.counts):
        came_of[SyncOutcome(each.outcome)] += each.count
    assert +came_of == Counter(CAME_OF[post.fault] for post in expected.values())
    assert sum(report.interaction_count for report in reports) == sum(
        post.comments for id, post in expected.items() if id.startswith("1-") and post.fault is None
    )
    with database.scope("default") as scope:
        rows = {row.platform_post_id: row for row in scope.select(PostRow)}
        kept = Counter(row.post_id for row in scope.select(MetricSnapshotRow))
    assert rows.keys() == expected.keys()
    for id, post in expected.items():
        wanted = None if post.fault else (post.likes, post.comments, post.shares)
        row = rows[id]
        assert ((row.likes, row.comments, row.shares) if row.fetch_time else None) == wanted
        assert kept[row.id] == (0 if post.fault else 1), "one snapshot a fetch, and no fetch twice"
    database.close()


def publish(studio: Studio, count: int) -> dict[str, StandInPost]:
    """Posts on all platforms, some with something wrong; by their ids on the platforms."""
    for platform in set(PLATFORMS):
        studio.connect(platform)
    personas = [studio.persona(f"Persona {number}") for number in range(PERSONAS)]
    rows = []
    with studio.database.scope("default") as scope:
        for number in range(count):
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
