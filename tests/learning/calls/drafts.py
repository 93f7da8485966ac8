"""Drafts of content for the simulated personas: some do well, some do not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from groundswell.v1 import common_pb2, engagement_pb2
from groundswell.v1 import learning_pb2 as pb
from tests.learning.calls import world
from tests.learning.calls.studio import Studio

NOBODY = "00000000-0000-7000-8000-000000000000"
INSTAGRAM = common_pb2.PLATFORM_INSTAGRAM
EVENING = datetime(2026, 4, 20, 19, tzinfo=UTC)
"""After all posts of the studio."""


def luna(studio: Studio) -> str:
    return studio.engagement.ListPersonas(engagement_pb2.ListPersonasRequest()).personas[0].id


def a_draft(studio: Studio, **changes: Any) -> pb.ContentDraft:
    """Content that does well in this world, unless changed."""
    given = {
        "persona_id": luna(studio),
        "platform": INSTAGRAM,
        "media_type": common_pb2.MEDIA_TYPE_VIDEO,
        "category": "product",
        "caption": "What do you think of the morning light?",
        "hashtags": ["light", "morning", "serum"],
        "publish_time": world.stamp(EVENING),
    }
    return pb.ContentDraft(**{**given, **changes})


def a_poor_draft(studio: Studio) -> pb.ContentDraft:
    """Content that does not."""
    link = common_pb2.MEDIA_TYPE_LINK
    return a_draft(studio, media_type=link, caption="New in.", publish_time=world.stamp(EVENING - timedelta(hours=14)))


def score(studio: Studio, **fields: Any) -> pb.ContentScore:
    return studio.learning.ScoreContent(pb.ScoreContentRequest(**fields)).score


def a_context(studio: Studio, **fields: Any) -> str:
    request = engagement_pb2.StartContextRequest(phase="TEXT_GENERATION", **fields)
    return studio.engagement.StartContext(request).context.id


def persona(studio: Studio, time_zone: str = "") -> str:
    request = engagement_pb2.CreatePersonaRequest(name=uuid4().hex, time_zone=time_zone)
    return studio.engagement.CreatePersona(request).persona.id
