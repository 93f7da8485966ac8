"""Copies that came later: what was there before them is judged again, on whichever post of the workspace it is."""

from __future__ import annotations

import json
from functools import partial

from groundswell_server.engagement.interactions.rejudgment import judge_post
from groundswell_server.jobs.job import Job
from groundswell_storage.engagement import interactions
from groundswell_storage.engagement.enums import Verdict


def judge(job: Job) -> None:
    """Judges the posts again on which the texts of a request are taken for people's.

    What is done stays done: a run that is lost is begun anew and finds the rest. It asks for nothing further, however
    the verdicts turn out.
    """
    keys: list[int] = json.loads(job.request)
    last = partial(interactions.last_of_texts, text_keys=keys, verdict=Verdict.GENUINE)
    posts = interactions.posts_of_texts(job.reading(), keys, verdict=Verdict.GENUINE)
    for done, post_id in enumerate(posts):
        job.progress(100.0 * done / len(posts), "judging what was copied")
        judge_post(job, job.workspace, post_id, last)
