"""What calls leave on the audit log: who, what, on which thing, and nothing that is secret or that people wrote."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import grpc
import pytest

from groundswell_server.runtime.audit import action_of
from groundswell_storage.audit import audit
from groundswell_storage.audit.audit import AuditEntry
from tests.running import RunningServer
from tests.wire import call, request_of

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DESIGN = {"metrics": [{"name": "conversion_rate"}], "variants": [{"key": "new"}]}


@pytest.fixture
def acme(server: RunningServer) -> Any:
    """Makes calls in a workspace and returns what they answer."""
    channel = server.channel(server.key("acme"))
    return lambda name, /, **fields: call(channel, name, request_of(name, **fields))[0]


def entries(server: RunningServer, **which: str) -> list[AuditEntry]:
    """The workspace's entries without those of its keys, the oldest first."""
    with server.app.database.scope("acme") as scope:
        found = audit.list_entries(scope, page_size=1000, **which).items
    return [entry for entry in reversed(found) if not entry.action.startswith("api_key.")]


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("CreatePersona", "persona.created"),
        ("SubmitFeedback", "feedback.submitted"),
        ("FinishContext", "context.finished"),
        ("CheckDrift", "drift.checked"),
        ("CancelOperation", "operation.cancelled"),
        ("DeleteTrainingExamples", "training_examples.deleted"),
    ],
)
def test_the_name_of_a_call_says_what_was_done(name: str, action: str) -> None:
    assert action_of(name) == action


def test_writes_are_on_it_with_who_made_them(server: RunningServer, acme: Any) -> None:
    persona = acme("CreatePersona", name="Ava", niche="travel").persona
    acme("UpdatePersona", persona_id=persona.id, persona={"niche": "food"}, update_mask={"paths": ["niche"]})
    post = acme("CreatePost", persona_id=persona.id, platform=1, platform_post_id="p", caption="Golden hour").post
    acme("DeletePost", post_id=post.id)
    acme("DeletePersona", persona_id=persona.id)

    found = entries(server)

    assert [(entry.action, entry.subject) for entry in found] == [
        ("persona.created", f"persona/{persona.id}"),
        ("persona.updated", f"persona/{persona.id}"),
        ("post.created", f"post/{post.id}"),
        ("post.deleted", f"post/{post.id}"),
        ("persona.deleted", f"persona/{persona.id}"),
    ]
    with server.app.database.scope("acme") as scope:
        (made,) = audit.list_entries(scope, action="api_key.created").items
    assert {entry.actor for entry in found} == {made.subject.removeprefix("api_key/")}


def test_a_persona_is_on_it_as_it_was_and_as_it_is(server: RunningServer, acme: Any) -> None:
    handle = {"platform": 1, "handle": "ava.sky", "follower_count": 1200}
    persona = acme("CreatePersona", name="Ava", niche="travel", handles=[handle]).persona
    acme("UpdatePersona", persona_id=persona.id, persona={"niche": "food"}, update_mask={"paths": ["niche"]})
    acme("DeletePersona", persona_id=persona.id)

    made, updated, deleted = entries(server)

    whole = {"name": "Ava", "niche": "travel", "handles": [handle], "time_zone": "UTC"}
    assert (made.before, made.after) == (None, whole)
    assert (updated.before, updated.after) == ({"niche": "travel"}, {"niche": "food"})
    assert deleted.before == {"delete_time": None}
    assert deleted.after is not None
    assert deleted.after["delete_time"].startswith("20")


def test_a_context_is_on_it_step_by_step_without_what_was_written(server: RunningServer, acme: Any) -> None:
    written = {"note": "hush 1", "input": {"prompt": "hush 2"}}
    context = acme("StartContext", phase="CAPTION", state=2, **written).context
    acme("UpdateContext", context_id=context.id, context={"note": "hush"}, update_mask={"paths": ["note"]})
    acme("FinishContext", context_id=context.id, state=3, output={"text": "hush 3"})
    acme("SubmitFeedback", context_id=context.id, rating=5, comment="hush 4")

    started, updated, finished, judged = entries(server)

    assert (started.before, started.after["state"], started.after["phase"]) == (None, "PROCESSING", "CAPTION")
    assert (started.after["note"], started.after["input"]) == ("6 characters", "20 characters")
    assert (updated.before, updated.after) == ({"note": "6 characters"}, {"note": "4 characters"})
    assert (finished.before["state"], finished.after["state"]) == ("PROCESSING", "DONE")
    assert finished.after["output"] == "18 characters"
    assert (judged.before["rating"], judged.after["rating"]) == ("UNSPECIFIED", "EXCELLENT")
    assert "hush" not in repr(entries(server))


def test_a_post_is_on_it_as_it_was_and_as_it_is(server: RunningServer, acme: Any) -> None:
    persona = acme("CreatePersona", name="Ava").persona
    written = {"caption": "hush #hush with @hush", "attributes": {"mood": "hush"}}
    post = acme("CreatePost", persona_id=persona.id, platform=1, platform_post_id="p", **written).post
    paths = {"update_mask": {"paths": ["category", "caption"]}}
    acme("UpdatePost", post_id=post.id, post={"category": "fashion", "caption": "hush"}, **paths)
    acme("DeletePost", post_id=post.id)

    _, made, updated, deleted = entries(server)

    assert (made.before, made.after["platform"], made.after["persona_id"]) == (None, "INSTAGRAM", persona.id)
    assert (updated.before, updated.after) == (
        {"category": "", "caption": "21 characters"},
        {"category": "fashion", "caption": "4 characters"},
    )
    assert (deleted.before["category"], deleted.before["platform_post_id"], deleted.after) == ("fashion", "p", None)
    assert "hush" not in repr(entries(server))


def test_a_repeated_call_is_on_it_once_and_a_refused_one_never(server: RunningServer, acme: Any) -> None:
    for _ in range(2):
        acme("CreatePersona", name="Ava", request_id="the same")
    with pytest.raises(grpc.RpcError, match="does not exist"):
        acme("DeletePost", post_id="01890a5d-ac96-774b-bcce-b302099a8057")
    assert [entry.action for entry in entries(server)] == ["persona.created"]


def test_what_is_counted_and_what_only_reads_is_not_on_it(server: RunningServer, acme: Any) -> None:
    persona = acme("CreatePersona", name="Ava").persona
    made = {"persona_id": persona.id, "platform": 1, "platform_post_id": "p", "publish_time": NOON}
    post = acme("CreatePost", **made).post
    acme("CreateExperiment", key="doors", design=DESIGN)
    acme("StartExperiment", experiment_key="doors")
    before = len(entries(server))

    acme("RecordMetrics", post_id=post.id, metrics={"likes": 5, "reach": 100})
    like = {"kind": 1, "actor_handle": "anna", "interact_time": NOON}
    acme("RecordInteractions", post_id=post.id, interactions=[like])
    acme("AssignVariant", experiment_key="doors", unit="ana")
    acme("GetPost", post_id=post.id)
    acme("ScoreContent", draft={"platform": 1, "caption": "Low tide"})

    assert len(entries(server)) == before


def test_an_experiment_leaves_every_step_of_its_life(server: RunningServer, acme: Any) -> None:
    acme("CreateExperiment", key="doors", design=DESIGN)
    acme("StartExperiment", experiment_key="doors")
    acme("PauseExperiment", experiment_key="doors")
    acme("ResumeExperiment", experiment_key="doors")
    acme("UpdateExperiment", experiment_key="doors", design={**DESIGN, "coverage": 0.5}, reason="fewer of them")
    acme("CompleteExperiment", experiment_key="doors", winner="new")
    acme("ArchiveExperiment", experiment_key="doors")

    found = entries(server, subject="experiment/doors")

    steps = ["created", "started", "paused", "resumed", "updated", "completed", "archived"]
    assert [entry.action for entry in found] == [f"experiment.{step}" for step in steps]
    assert [(entry.before["state"], entry.after["state"]) for entry in found[1:]] == [
        ("DRAFT", "RUNNING"),
        ("RUNNING", "PAUSED"),
        ("PAUSED", "RUNNING"),
        ("RUNNING", "RUNNING"),
        ("RUNNING", "COMPLETED"),
        ("COMPLETED", "ARCHIVED"),
    ]
    changed = found[4]
    assert changed.reason == "fewer of them"
    assert (changed.before["design"]["coverage"], changed.after["design"]["coverage"]) == (1.0, 0.5)
    assert found[5].after["winner"] == "new"


def test_a_platforms_token_is_never_on_it(server: RunningServer, acme: Any) -> None:
    acme("ConnectPlatform", platform=1, access_token="a-very-secret-token", account="ours")
    acme("ConnectPlatform", platform=1, access_token="another-secret-token", account="ours too")
    acme("DisconnectPlatform", platform=1)

    found = entries(server)

    assert [entry.action for entry in found] == ["platform.connected", "platform.connected", "platform.disconnected"]
    assert {entry.subject for entry in found} == {"connection/*/INSTAGRAM"}
    assert (found[1].before["account"], found[1].after["account"]) == ("ours", "ours too")
    assert "secret" not in repr(found)


def test_long_work_is_on_it_where_it_is_asked_for(server: RunningServer, acme: Any) -> None:
    operation = acme("TrainModel", model_type=1).operation
    acme("ScheduleTraining", model_type=1, every_days=7)
    acme("CancelTrainingSchedule", model_type=1)

    started, put, cancelled = entries(server)

    assert (started.action, started.subject) == ("operation.started", operation.name)
    assert started.after == {"kind": "learning.train_model"}
    assert (put.action, put.after["every_days"], put.before) == ("training_schedule.put", 7, None)
    assert (cancelled.action, cancelled.before) == ("training_schedule.cancelled", put.after)
