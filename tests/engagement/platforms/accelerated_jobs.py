"""Jobs of a worker process with an accelerated clock that it shares with the test."""

from __future__ import annotations

import os
from pathlib import Path

import stamina

from groundswell.v1 import engagement_pb2 as pb
from groundswell_server.engagement.jobs import SYNC, sync_with
from groundswell_server.engagement.platforms import adapters
from groundswell_server.engagement.platforms.http_client import open_client
from groundswell_server.engagement.sync.sync_run import SyncDependencies
from groundswell_server.jobs.job import Job
from tests.engagement.platforms.clocks import SharedClock
from tests.engagement.platforms.studio import PATIENT

CLOCK = "TEST_CLOCK"
"""Environment variable with the file of the clock."""


def sync_posts(job: Job) -> pb.SyncReport:
    """SyncPosts."""
    clock = SharedClock(Path(os.environ[CLOCK]))
    with stamina.set_testing(True, attempts=10, cap=True), open_client() as client:
        return sync_with(job, SyncDependencies(adapters(job.settings), client, clock, PATIENT))


JOBS = {SYNC: sync_posts}
