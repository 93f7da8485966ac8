"""Rejudgment of posts after new evidence: copies of a text, or a handle that was registered later.

A very large post is judged in parts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

from groundswell_server.engagement import configuration
from groundswell_server.engagement.bot_detection.handles import normalized_handles
from groundswell_server.engagement.interactions import recorder
from groundswell_server.jobs.job import Job
from groundswell_storage.engagement import interactions, persona_handles, posts
from groundswell_storage.engagement.enums import Verdict
from groundswell_storage.scope import Scope


class Last(Protocol):
    """Finds the time of the last interaction that has to be judged again; None when there is none."""

    def __call__(self, scope: Scope, post_id: str, *, before_us: int | None) -> int | None:
        """Returns microseconds since 1970 UTC, before `before_us`."""


def rejudge_post(job: Job, workspace: str, post_id: str, last: Last) -> None:
    """Judges a post again from its end to its beginning, each part in a transaction of its own."""
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
        # More interactions may have the time of the first, unless all that were judged have the same time.
        before_us = min(first_us + 1, time_us)


def rejudge_duplicates(job: Job) -> None:
    """Judges the posts again on which the texts of a request count as genuine.

    Finished posts are not judged again: a lost run is restarted and finds the remaining posts. It never requests
    another rejudgment.
    """
    keys: list[int] = json.loads(job.request)
    last = partial(interactions.last_of_texts, text_keys=keys, verdict=Verdict.GENUINE)
    posts = interactions.posts_of_texts(job.reading(), keys, verdict=Verdict.GENUINE)
    for done, post_id in enumerate(posts):
        job.progress(100.0 * done / len(posts), "rejudging copied texts")
        rejudge_post(job, job.workspace, post_id, last)


def rejudge_handles(job: Job) -> None:
    """Judges the posts again on which the handles of a request do not count as personas.

    The register belongs to the deployment, and so does this job. Each workspace's posts are judged in a separate
    scope, and the workspace that registered a handle receives no information about the others. Finished posts are not
    judged again: a lost run is restarted and finds the remaining posts.
    """
    requested: dict[int, set[str]] = {}
    for platform, handle in json.loads(job.request):
        requested.setdefault(platform, set()).add(handle)
    # A handle that has left the register since is not sought.
    wanted = {
        platform: set(persona_handles.registered(job.reading(), platform, sorted(requested[platform])))
        for platform in requested
    }
    workspaces = posts.workspaces(job.database)
    for done, workspace in enumerate(workspaces):
        job.progress(100.0 * done / len(workspaces), "rejudging interactions of new handles")
        reading = Scope(job.database, workspace, job.kind, datetime.now(UTC))
        for platform, spellings in _spellings(reading, wanted).items():
            for post_id in interactions.posts_of_actors(reading, spellings, platform, except_verdict=Verdict.PERSONA):
                last = partial(interactions.last_of_actors, actor_handles=spellings, except_verdict=Verdict.PERSONA)
                rejudge_post(job, workspace, post_id, last)


def _spellings(scope: Scope, wanted: Mapping[int, set[str]]) -> dict[int, list[str]]:
    """Returns the spellings of the handles in a workspace, by platform."""
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
