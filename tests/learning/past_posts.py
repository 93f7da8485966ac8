"""Posts with contexts and several metric snapshots, as rows of the database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from groundswell_storage.engagement.contexts import ContextRow
from groundswell_storage.engagement.personas import PersonaRow
from groundswell_storage.engagement.posts import ContextSnapshotRow, PostRow
from groundswell_storage.engagement.snapshots import MetricSnapshotRow
from groundswell_storage.scope import Scope

FIRST = datetime(2026, 1, 5, 9, tzinfo=UTC)
EVERY = timedelta(hours=11)
FETCHED_AFTER = timedelta(days=1), timedelta(days=7), timedelta(days=20)
"""Ages at which each post was measured; 7 days is the target age."""


def add_persona(scope: Scope, name: str = "Luna", time_zone: str = "UTC") -> str:
    """A persona with 1,000 followers on Instagram."""
    handles = [{"platform": 1, "handle": name, "follower_count": 1000}]
    row = scope.insert(
        PersonaRow,
        id=scope.new_id(),
        name=name,
        niche="",
        handles=handles,
        time_zone=time_zone,
        create_time=scope.now,
        update_time=scope.now,
    )
    persona_id: str = row.id
    return persona_id


def add_posts(scope: Scope, persona_id: str, count: int, *, seed: int = 0) -> list[str]:
    """Posts on Instagram, each of a context of its own; their ids, oldest first."""
    random = Random(seed)
    return [_add_post(scope, persona_id, FIRST + number * EVERY, random) for number in range(count)]


def _add_post(scope: Scope, persona_id: str, publish_time: datetime, random: Random) -> str:
    post_id, context_id = scope.new_id(), scope.new_id()
    scope.insert(
        ContextRow,
        id=context_id,
        persona_id=persona_id,
        phase="TEXT_GENERATION",
        complexity=2,
        state=3,
        confidence=2,
        validation=1,
        trace_artifacts=[],
        create_time=publish_time,
        update_time=publish_time,
    )
    scope.insert(
        PostRow,
        id=post_id,
        context_id=context_id,
        persona_id=persona_id,
        content_type=1,
        category=random.choice(("product", "action")),
        platform=1,
        platform_post_id=post_id,
        caption="What do you think?",
        hashtags=["light"] * random.randrange(5),
        mentions=[],
        media_type=random.choice((2, 4)),
        publish_time=publish_time,
        follower_count=1000,
        tallies={},
        create_time=publish_time,
        update_time=publish_time,
    )
    scope.insert(
        ContextSnapshotRow,
        post_id=post_id,
        context_id=context_id,
        phase="TEXT_GENERATION",
        complexity=2,
        state=3,
        confidence=random.choice((1, 2, 3)),
        validation=1,
        agent_assigned=random.random() < 0.5,
        prompt_length=random.randrange(300),
    )
    for age in FETCHED_AFTER:
        rate = random.uniform(1.0, 9.0)
        scope.insert(
            MetricSnapshotRow,
            id=scope.new_id(),
            post_id=post_id,
            persona_id=persona_id,
            platform=1,
            publish_time=publish_time,
            fetch_time=publish_time + age,
            rate_pct=rate,
            genuine_total=random.randrange(500),
            bot_share=random.random() / 2,
            outcome_rate_pct=rate,
            create_time=publish_time + age,
        )
    return post_id
