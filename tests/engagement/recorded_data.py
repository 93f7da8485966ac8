"""Helpers that record data through the API."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from groundswell.v1 import common_pb2, engagement_pb2
from groundswell.v1.engagement_pb2_grpc import EngagementServiceStub

INSTAGRAM = common_pb2.PLATFORM_INSTAGRAM
FACEBOOK = common_pb2.PLATFORM_FACEBOOK
TIKTOK = common_pb2.PLATFORM_TIKTOK

NOBODY = "00000000-0000-7000-8000-000000000000"
"""An id that nothing has."""
SPAM = "check my profile for free followers, link in bio"
"""The text of a comment that the filter takes for a bot's."""


def ago(**span: float) -> datetime:
    """The time that lies so far back."""
    return datetime.now(UTC) - timedelta(**span)


def make_persona(stub: EngagementServiceStub, name: str = "Luna", **fields: Any) -> engagement_pb2.Persona:
    """A new persona."""
    return stub.CreatePersona(engagement_pb2.CreatePersonaRequest(name=name, **fields)).persona


def make_context(stub: EngagementServiceStub, phase: str = "IMAGE_GENERATION", **fields: Any) -> engagement_pb2.Context:
    """A new context."""
    return stub.StartContext(engagement_pb2.StartContextRequest(phase=phase, **fields)).context


def make_post(stub: EngagementServiceStub, persona_id: str, **fields: Any) -> engagement_pb2.Post:
    """Returns a new post on Instagram, by default published two days ago."""
    given = {"platform": INSTAGRAM, "platform_post_id": uuid4().hex, "publish_time": ago(days=2), **fields}
    return stub.CreatePost(engagement_pb2.CreatePostRequest(persona_id=persona_id, **given)).post


def measure(
    stub: EngagementServiceStub, post_id: str, fetch_time: datetime | None = None, **counts: int
) -> engagement_pb2.RecordMetricsResponse:
    """Records counts of a post."""
    return stub.RecordMetrics(
        engagement_pb2.RecordMetricsRequest(
            post_id=post_id, metrics=engagement_pb2.Metrics(**counts), fetch_time=fetch_time
        )
    )


def comment(actor: str, text: str, time: datetime, id: str = "") -> engagement_pb2.Interaction:
    """A comment."""
    return engagement_pb2.Interaction(
        kind=engagement_pb2.INTERACTION_KIND_COMMENT,
        actor_handle=actor,
        text=text,
        interact_time=time,
        platform_interaction_id=id,
    )


def like(actor: str, time: datetime) -> engagement_pb2.Interaction:
    """A like."""
    return engagement_pb2.Interaction(kind=engagement_pb2.INTERACTION_KIND_LIKE, actor_handle=actor, interact_time=time)


def record(
    stub: EngagementServiceStub, post_id: str, *batches: Iterable[engagement_pb2.Interaction]
) -> engagement_pb2.RecordInteractionsResponse:
    """Records interactions of a post, batch by batch."""
    requests = [engagement_pb2.RecordInteractionsRequest(post_id=post_id, interactions=batch) for batch in batches]
    return stub.RecordInteractions(iter(requests))


def imported(line: int, **fields: Any) -> engagement_pb2.ImportedPost:
    """A row of an import that nothing is wrong with."""
    given = {
        "persona_name": "Cosmetics",
        "platform": FACEBOOK,
        "platform_post_id": f"fb-{line}",
        "publish_time": ago(days=100 - line / 100),
        **fields,
    }
    return engagement_pb2.ImportedPost(line=line, **given)


def import_rows(
    stub: EngagementServiceStub, *batches: Iterable[engagement_pb2.ImportedPost]
) -> engagement_pb2.ImportPostsResponse:
    """Imports rows, batch by batch."""
    return stub.ImportPosts(iter([engagement_pb2.ImportPostsRequest(rows=rows) for rows in batches]))
