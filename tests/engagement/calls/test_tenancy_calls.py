"""Every call of EngagementService with another workspace's ids: nothing is found, and nothing is changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import grpc
import pytest

from groundswell.v1 import engagement_pb2 as pb
from groundswell.v1.engagement_pb2_grpc import EngagementServiceStub
from tests.engagement.recorded_data import (
    INSTAGRAM,
    ago,
    comment,
    imported,
    make_context,
    make_persona,
    make_post,
    measure,
    record,
)
from tests.errors import refusal


@dataclass(frozen=True, slots=True)
class Theirs:
    """The resources of the other workspace."""

    persona_id: str
    context_id: str
    post_id: str


@pytest.fixture
def theirs(stranger: EngagementServiceStub) -> Theirs:
    persona = make_persona(stranger)
    context = make_context(stranger, persona_id=persona.id)
    post = make_post(stranger, persona.id, context_id=context.id)
    measure(stranger, post.id, likes=5, reach=100)
    record(stranger, post.id, [comment("anna", "lovely", ago(hours=2))])
    return Theirs(persona.id, context.id, post.id)


Attempt = Callable[[EngagementServiceStub, Theirs], object]

WITH_IDS: dict[str, tuple[str, Attempt]] = {
    "GetPersona": (
        "PERSONA_NOT_FOUND",
        lambda stub, theirs: stub.GetPersona(pb.GetPersonaRequest(persona_id=theirs.persona_id)),
    ),
    "UpdatePersona": (
        "PERSONA_NOT_FOUND",
        lambda stub, theirs: stub.UpdatePersona(
            pb.UpdatePersonaRequest(persona_id=theirs.persona_id, persona=pb.Persona(niche="x"))
        ),
    ),
    "DeletePersona": (
        "PERSONA_NOT_FOUND",
        lambda stub, theirs: stub.DeletePersona(pb.DeletePersonaRequest(persona_id=theirs.persona_id)),
    ),
    "StartContext": ("PERSONA_NOT_FOUND", lambda stub, theirs: make_context(stub, persona_id=theirs.persona_id)),
    "UpdateContext": (
        "CONTEXT_NOT_FOUND",
        lambda stub, theirs: stub.UpdateContext(
            pb.UpdateContextRequest(context_id=theirs.context_id, context=pb.Context(note="x"))
        ),
    ),
    "FinishContext": (
        "CONTEXT_NOT_FOUND",
        lambda stub, theirs: stub.FinishContext(
            pb.FinishContextRequest(context_id=theirs.context_id, state=pb.CONTEXT_STATE_DONE)
        ),
    ),
    "GetContext": (
        "CONTEXT_NOT_FOUND",
        lambda stub, theirs: stub.GetContext(pb.GetContextRequest(context_id=theirs.context_id)),
    ),
    "SubmitFeedback": (
        "CONTEXT_NOT_FOUND",
        lambda stub, theirs: stub.SubmitFeedback(
            pb.SubmitFeedbackRequest(context_id=theirs.context_id, rating=pb.RATING_GOOD)
        ),
    ),
    "CreatePost": ("PERSONA_NOT_FOUND", lambda stub, theirs: make_post(stub, theirs.persona_id)),
    "GetPost": ("POST_NOT_FOUND", lambda stub, theirs: stub.GetPost(pb.GetPostRequest(post_id=theirs.post_id))),
    "UpdatePost": (
        "POST_NOT_FOUND",
        lambda stub, theirs: stub.UpdatePost(pb.UpdatePostRequest(post_id=theirs.post_id, post=pb.Post(category="x"))),
    ),
    "DeletePost": (
        "POST_NOT_FOUND",
        lambda stub, theirs: stub.DeletePost(pb.DeletePostRequest(post_id=theirs.post_id)),
    ),
    "RecordMetrics": ("POST_NOT_FOUND", lambda stub, theirs: measure(stub, theirs.post_id, likes=1)),
    "RecordInteractions": (
        "POST_NOT_FOUND",
        lambda stub, theirs: record(stub, theirs.post_id, [comment("anna", "x", ago(hours=1))]),
    ),
    "ListInteractions": (
        "POST_NOT_FOUND",
        lambda stub, theirs: stub.ListInteractions(pb.ListInteractionsRequest(post_id=theirs.post_id)),
    ),
    "AnalyzePost": (
        "POST_NOT_FOUND",
        lambda stub, theirs: stub.AnalyzePost(pb.AnalyzePostRequest(post_id=theirs.post_id)),
    ),
    "AnalyzeAudience": (
        "PERSONA_NOT_FOUND",
        lambda stub, theirs: stub.AnalyzeAudience(pb.AnalyzeAudienceRequest(persona_id=theirs.persona_id)),
    ),
    "SyncPosts": (
        "PERSONA_NOT_FOUND",
        lambda stub, theirs: stub.SyncPosts(pb.SyncPostsRequest(persona_ids=[theirs.persona_id])),
    ),
    "GetTimeline": (
        "POST_NOT_FOUND",
        lambda stub, theirs: stub.GetTimeline(pb.GetTimelineRequest(post_id=theirs.post_id)),
    ),
}
"""Calls that name something, with the reason they are refused for."""

WITHOUT_IDS = {
    *("CreatePersona", "ListPersonas", "ListContexts", "ListPosts", "WatchEngagement", "ImportPosts"),
    *("ConnectPlatform", "DisconnectPlatform", "ListPlatforms", "GetEngagementSettings", "UpdateEngagementSettings"),
}
"""Calls without ids; each has a test of its own, here or with the call."""


def test_every_call_is_tried() -> None:
    calls = {method.name for method in pb.DESCRIPTOR.services_by_name["EngagementService"].methods}
    assert calls == WITH_IDS.keys() | WITHOUT_IDS


@pytest.mark.parametrize("call", WITH_IDS)
def test_what_another_workspace_has_is_not_found(
    engagement: EngagementServiceStub, stranger: EngagementServiceStub, theirs: Theirs, call: str
) -> None:
    reason, attempt = WITH_IDS[call]
    before = stranger.AnalyzePost(pb.AnalyzePostRequest(post_id=theirs.post_id))
    with refusal() as refused:
        attempt(engagement, theirs)
    assert refused.code is grpc.StatusCode.NOT_FOUND
    assert refused.reason == reason
    assert stranger.AnalyzePost(pb.AnalyzePostRequest(post_id=theirs.post_id)) == before
    assert not stranger.GetPersona(pb.GetPersonaRequest(persona_id=theirs.persona_id)).persona.HasField("delete_time")


def test_a_post_does_not_come_from_another_workspaces_context(
    engagement: EngagementServiceStub, theirs: Theirs
) -> None:
    with refusal() as refused:
        make_post(engagement, make_persona(engagement).id, context_id=theirs.context_id)
    assert refused.reason == "CONTEXT_NOT_FOUND"


def test_lists_hold_nothing_of_another_workspace(engagement: EngagementServiceStub, theirs: Theirs) -> None:
    assert not engagement.ListPersonas(pb.ListPersonasRequest(show_deleted=True)).personas
    assert not engagement.ListContexts(pb.ListContextsRequest(persona_id=theirs.persona_id)).contexts
    assert not engagement.ListPosts(pb.ListPostsRequest(persona_id=theirs.persona_id)).posts
    assert not engagement.ListPosts(pb.ListPostsRequest(context_id=theirs.context_id)).posts


def test_an_import_does_not_add_to_another_workspaces_persona(
    engagement: EngagementServiceStub, stranger: EngagementServiceStub, theirs: Theirs
) -> None:
    name = stranger.GetPersona(pb.GetPersonaRequest(persona_id=theirs.persona_id)).persona.name
    rows = [imported(1, persona_name=name, platform=INSTAGRAM)]
    report = engagement.ImportPosts(iter([pb.ImportPostsRequest(rows=rows)]))
    assert [persona.name for persona in report.created_personas] == [name]
    assert report.created_personas[0].id != theirs.persona_id
