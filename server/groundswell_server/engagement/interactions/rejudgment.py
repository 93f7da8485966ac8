"""Judging a whole post again, in the light of something that became known late: a part of a huge one at a time."""

from __future__ import annotations

from typing import Protocol

from groundswell_server.engagement import configuration
from groundswell_server.engagement.interactions import recorder
from groundswell_server.jobs.job import Job
from groundswell_storage.scope import Scope


class Last(Protocol):
    """Finds when the last interaction happened of those that are to be judged again; None where there are none."""

    def __call__(self, scope: Scope, post_id: str, *, before_us: int | None) -> int | None:
        """In microseconds since 1970 UTC, and before `before_us`."""


def judge_post(job: Job, workspace: str, post_id: str, last: Last) -> None:
    """Judges a post again as often as it takes, from its end to its beginning, each part in a transaction."""
    settings, thresholds = configuration.filter_settings(job.settings), configuration.thresholds(job.settings)
    before_us: int | None = None
    while True:
        with job.database.scope(workspace, job.kind) as scope:
            time_us = last(scope, post_id, before_us=before_us)
            if time_us is None:
                return
            first_us = recorder.rejudge(scope, post_id, settings, thresholds, until_us=time_us)
        if first_us is None:
            return
        # At the first of them there may be more, unless all that were judged are of one moment.
        before_us = min(first_us + 1, time_us)
