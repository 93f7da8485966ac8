"""Handles that enter the register late: what they did before is judged again, in whatever workspace it is.

The register is the deployment's, and so is this work. Each workspace's posts are judged in a scope of its own, and
whoever registered the handle learns nothing of what was found.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from groundswell_server.engagement import configuration
from groundswell_server.engagement.genuine.handles import normalized_handles
from groundswell_server.engagement.interactions import recording
from groundswell_server.engagement.vocabulary import Verdict
from groundswell_server.jobs.job import Job
from groundswell_storage.engagement import interactions, personas, posts
from groundswell_storage.scope import Scope


def judge(job: Job) -> None:
    """Judges the posts again on which the handles of a request are not taken for personas.

    What is done stays done: a run that is lost is begun anew and finds the rest.
    """
    asked: dict[int, set[str]] = {}
    for platform, handle in json.loads(job.request):
        asked.setdefault(platform, set()).add(handle)
    # Whoever left the register meanwhile is nobody to look for.
    wanted = {
        platform: set(personas.registered(job.reading(), platform, sorted(asked[platform]))) for platform in asked
    }
    workspaces = posts.workspaces(job.database)
    for done, workspace in enumerate(workspaces):
        job.progress(100.0 * done / len(workspaces), "judging what new handles did")
        reading = Scope(job.database, workspace, job.kind, datetime.now(UTC))
        for platform, spellings in _spellings(reading, wanted).items():
            for post_id in interactions.posts_of(reading, spellings, platform, but=Verdict.PERSONA):
                _judge_post(job, workspace, post_id, spellings)


def _spellings(scope: Scope, wanted: Mapping[int, set[str]]) -> dict[int, list[str]]:
    """How the handles are spelled in a workspace, by platform."""
    every = set().union(*wanted.values())
    found = {handle: known for handle, known in _normalized(interactions.actor_handles(scope)) if known in every}
    by_platform = {
        platform: [spelled for spelled, known in found.items() if known in handles]
        for platform, handles in wanted.items()
    }
    return {platform: spellings for platform, spellings in by_platform.items() if spellings}


def _normalized(handles: Iterable[Sequence[str]]) -> Iterator[tuple[str, str]]:
    for some in handles:
        yield from normalized_handles(some).items()


def _judge_post(job: Job, workspace: str, post_id: str, spellings: Sequence[str]) -> None:
    """Judges a post again as often as it takes: of a huge one only a part is judged at once."""
    settings, thresholds = configuration.filter_settings(job.settings), configuration.thresholds(job.settings)
    before_us: int | None = None
    while True:
        with job.database.scope(workspace, job.kind) as scope:
            time_us = interactions.last_of(scope, post_id, spellings, but=Verdict.PERSONA, before_us=before_us)
            if time_us is None:
                return
            recording.judge_again(scope, post_id, settings, thresholds, until_us=time_us)
        before_us = time_us
