"""A workspace with one resource of every kind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc

from groundswell.v1 import learning_pb2, learning_pb2_grpc
from groundswell_storage.jobs import operations
from tests.learning.calls import world
from tests.learning.model_rows import a_version
from tests.running import RunningServer
from tests.wire import call, request_of


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace and the ids of its resources."""

    name: str
    key: tuple[str, str]
    """Metadata of an administrator's key."""
    channel: grpc.Channel
    """A channel that sends the key."""
    persona_id: str
    context_id: str
    post_id: str
    model_id: str
    operation: str
    """Name of a long-running operation, `operations/<id>`, that waits for a worker."""
    etags: dict[str, str]
    """Etags of persona, context and post at their creation."""


def furnish(server: RunningServer, name: str, *, learned: bool | None = None) -> Workspace:
    """Creates a workspace with a persona, a context, a measured post with a comment, two experiments, two rollouts, a
    model and an operation.

    With `learned=None` the model is a row whose artifacts cannot serve. With True, models of both types are live; with
    False there is no model.
    """
    key = server.key(name)
    channel = server.channel(key)

    def made(call_name: str, /, **fields: Any) -> Any:
        return call(channel, call_name, request_of(call_name, **fields))[0]

    persona = made("CreatePersona", name="Ava", handles=[{"platform": 1, "handle": f"ava.{name}"}]).persona
    context = made("StartContext", persona_id=persona.id, phase="TEXT_GENERATION").context
    yesterday = datetime.now(UTC) - timedelta(days=1)
    post = made(
        "CreatePost",
        persona_id=persona.id,
        context_id=context.id,
        platform=1,
        platform_post_id="the-same-everywhere",
        publish_time=yesterday,
    ).post
    comment = {"kind": 2, "actor_handle": "anna", "text": "What a view", "interact_time": yesterday}
    for whose in ("", persona.id):
        made("ConnectPlatform", persona_id=whose, platform=1, access_token=f"token-of-{name}")
    made("RecordInteractions", post_id=post.id, interactions=[comment])
    made("RecordMetrics", post_id=post.id, metrics={"likes": 5, "comments": 1, "reach": 100})
    _experiment(channel)
    _roll_out(channel)
    model_id = _learn(server, channel) if learned else ""
    with server.app.database.scope(name, "tester") as scope:
        model_id = a_version(scope, f"made-for-{name}").id if learned is None else model_id
        operation = operations.create(scope, "tests.nobody_runs_this", b"")
    return Workspace(
        name=name,
        key=key,
        channel=channel,
        persona_id=persona.id,
        context_id=context.id,
        post_id=post.id,
        model_id=model_id,
        operation=f"operations/{operation.id}",
        etags={"persona": persona.etag, "context": context.etag, "post": post.etag},
    )


def _experiment(channel: grpc.Channel) -> None:
    """Creates a draft experiment, and a running one with an assigned unit."""
    design = {"metrics": [{"name": "conversion_rate"}], "variants": [{"key": "new"}]}
    for key in ("draft", "running"):
        call(channel, "CreateExperiment", request_of("CreateExperiment", key=key, design=design))
    call(channel, "StartExperiment", request_of("StartExperiment", experiment_key="running"))
    call(channel, "AssignVariant", request_of("AssignVariant", experiment_key="running", unit="ana"))


def _roll_out(channel: grpc.Channel) -> None:
    """Creates a running rollout and a paused one."""
    for key in ("rolling", "waiting"):
        call(channel, "CreateRollout", request_of("CreateRollout", key=key))
    call(channel, "PauseRollout", request_of("PauseRollout", rollout_key="waiting"))


def two_of_each(workspace: Workspace, server: RunningServer) -> None:
    """Adds resources until every list of a workspace has a second page."""
    channel = workspace.channel
    call(channel, "CreatePersona", request_of("CreatePersona", name="Second"))
    call(channel, "StartContext", request_of("StartContext", phase="SECOND"))
    posts = call(channel, "ListPosts", request_of("ListPosts"))[0].posts
    if len(posts) < 2:
        second = {"persona_id": workspace.persona_id, "platform": 2, "platform_post_id": "second"}
        call(channel, "CreatePost", request_of("CreatePost", **second))
    with server.app.database.scope(workspace.name, "tester") as scope:
        found = operations.create(scope, "tests.nobody_runs_this", b"")
        a_version(scope, f"second-{found.id}")


def _learn(server: RunningServer, channel: grpc.Channel) -> str:
    """Trains models of both types on simulated posts, promotes them, and returns the id of the last."""
    call(channel, "ImportPosts", request_of("ImportPosts", rows=list(world.posts(120))))
    stub = learning_pb2_grpc.LearningServiceStub(channel)
    model_id = ""
    for model_type in (learning_pb2.MODEL_TYPE_SUCCESS_CLASSIFIER, learning_pb2.MODEL_TYPE_ENGAGEMENT_PREDICTOR):
        request = learning_pb2.TrainModelRequest(model_type=model_type, as_of_time=world.after(120), lookback_days=365)
        model_id = world.trained(server, stub, request).id
        call(channel, "PromoteModel", request_of("PromoteModel", model_id=model_id, force=True))
    return model_id
