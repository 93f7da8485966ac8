"""Handles that enter the register late: what they did before is judged again, in whatever workspace it is.

The register is the deployment's, and so is this work. Each workspace's posts are judged in a scope of its own, and
whoever registered the handle learns nothing of what was found.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial

from groundswell_server.engagement.bot_detection.handles import normalized_handles
from groundswell_server.engagement.interactions.rejudgment import judge_post
from groundswell_server.jobs.job import Job
from groundswell_storage.engagement import interactions, personas, posts
from groundswell_storage.engagement.enums import Verdict
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
                last = partial(interactions.last_of, actor_handles=spellings, but=Verdict.PERSONA)
                judge_post(job, workspace, post_id, last)


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
