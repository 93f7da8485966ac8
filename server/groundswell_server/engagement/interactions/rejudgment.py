"""Judging a whole post again, in the light of something that became known late: a part of a huge one at a time."""

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
from groundswell_storage.engagement import interactions, personas, posts
from groundswell_storage.engagement.enums import Verdict
from groundswell_storage.scope import Scope


class Last(Protocol):
    """Finds when the last interaction happened of those that are to be judged again; None where there are none."""

    def __call__(self, scope: Scope, post_id: str, *, before_us: int | None) -> int | None:
        """In microseconds since 1970 UTC, and before `before_us`."""


def rejudge_post(job: Job, workspace: str, post_id: str, last: Last) -> None:
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


def rejudge_duplicates(job: Job) -> None:
    """Judges the posts again on which the texts of a request are taken for people's.

    What is done stays done: a run that is lost is begun anew and finds the rest. It asks for nothing further, however
    the verdicts turn out.
    """
    keys: list[int] = json.loads(job.request)
    last = partial(interactions.last_of_texts, text_keys=keys, verdict=Verdict.GENUINE)
    posts = interactions.posts_of_texts(job.reading(), keys, verdict=Verdict.GENUINE)
    for done, post_id in enumerate(posts):
        job.progress(100.0 * done / len(posts), "judging what was copied")
        rejudge_post(job, job.workspace, post_id, last)


def rejudge_handles(job: Job) -> None:
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
                rejudge_post(job, workspace, post_id, last)


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
