"""Posts that were predicted during a rollout and measured a week later, as rows of the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from random import Random

from groundswell_storage.engagement.posts import PostRow
from groundswell_storage.engagement.snapshots import MetricSnapshotRow
from groundswell_storage.events.topics import POST_CHANGED
from groundswell_storage.experiments.rollouts import RolloutRow
from groundswell_storage.learning import predictions
from groundswell_storage.learning.predictions import ServedPrediction
from groundswell_storage.scope import Scope
from tests.learning.monitoring.service_rows import TARGET_AGE
from tests.learning.past_posts import add_persona, add_posts

LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)
"""Before all posts."""
POSTS = 2
"""Of each persona."""


def date_back(scope: Scope) -> None:
    """Has all rollouts begun before the posts."""
    scope.execute("UPDATE rollout SET create_time = ?", (RolloutRow.create_time.db_value(LONG_AGO),))


def add_personas(scope: Scope, count: int) -> list[str]:
    return [add_persona(scope, f"persona-{number}") for number in range(count)]


def measure(scope: Scope, personas: Sequence[str], off_by: Mapping[str, float]) -> list[str]:
    """Posts of each persona, of which each version had said about so many percentage points too much; their ids."""
    random, ids, rows = Random(5), [], []
    for number, persona_id in enumerate(personas):
        for post_id in add_posts(scope, persona_id, POSTS, seed=number):
            post, noise = scope.get(PostRow, post_id), random.uniform(-0.2, 0.2)
            row = MetricSnapshotRow
            at_age = (row.post_id == post_id) & (row.fetch_time == post.publish_time + TARGET_AGE)
            rate = scope.select(row).where(at_age).get().outcome_rate_pct
            rows += [
                ServedPrediction(
                    id, post.context_id, 1, {"values": []}, rate + off + noise, None, None, post.publish_time
                )
                for id, off in off_by.items()
            ]
            ids.append(post_id)
            scope.publish(POST_CHANGED, post_id, {"persona_id": persona_id, "platform": 1})
    predictions.store(scope, rows)
    return ids
