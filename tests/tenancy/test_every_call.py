"""A key of one workspace reaches nothing of another: every call is tried with ids of another workspace."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest
from google.protobuf.message import Message

from groundswell_storage.ids import uuid7
from tests.errors import refusal
from tests.running import RunningServer
from tests.tenancy.attempts import ATTEMPTS
from tests.tenancy.attempts.attempt import CONTEXT, EXPERIMENT, NOTHING, POST, Fields
from tests.wire import METHODS, call, next_change, request_of, responses
from tests.workspaces import Workspace, furnish, two_of_each

YESTERDAY = datetime.now(UTC) - timedelta(days=1)
LIKE = {"kind": 1, "actor_handle": "bo", "interact_time": YESTERDAY + timedelta(hours=12)}

TRIES = [(name, number, outcome) for name, tries in ATTEMPTS.items() for number, (outcome, _) in enumerate(tries)]
REFUSED = [(name, number) for name, number, outcome in TRIES if outcome.endswith("_NOT_FOUND")]
EMPTY = [(name, number) for name, number, outcome in TRIES if outcome == NOTHING]


@pytest.fixture(scope="module")
def theirs(shared_server: RunningServer) -> Workspace:
    return furnish(shared_server, "theirs")


@pytest.fixture(scope="module")
def outsider(shared_server: RunningServer, theirs: Workspace) -> grpc.Channel:
    """An administrator of a workspace that is empty."""
    return shared_server.channel(shared_server.key("empty"))


@pytest.fixture
def ours(shared_server: RunningServer) -> Workspace:
    return furnish(shared_server, f"ours-{uuid4()}")


@pytest.mark.parametrize("name", METHODS)
def test_every_call_has_an_attempt(name: str) -> None:
    assert ATTEMPTS.get(name), f"{name} needs an attempt in tests/tenancy/attempts"


def test_attempts_are_about_calls_of_the_contract() -> None:
    assert ATTEMPTS.keys() - METHODS.keys() == set()


@pytest.mark.parametrize(("name", "number"), REFUSED)
def test_resources_of_another_workspace_are_not_found(
    theirs: Workspace, outsider: grpc.Channel, name: str, number: int
) -> None:
    reason, fields = ATTEMPTS[name][number]
    before = everything(theirs)
    with refusal() as refused:
        call(outsider, name, request_of(name, **fields(theirs)))
    assert (refused.code, refused.reason) == (grpc.StatusCode.NOT_FOUND, reason)
    assert everything(theirs) == before


@pytest.mark.parametrize(("name", "number"), EMPTY)
def test_lists_contain_nothing_of_another_workspace(
    theirs: Workspace, outsider: grpc.Channel, name: str, number: int
) -> None:
    fields = ATTEMPTS[name][number][1](theirs)
    (seen,) = call(theirs.channel, name, request_of(name, **fields))
    assert seen.ByteSize() > 0, "the answer to the owner is empty, so the test shows nothing"
    (answer,) = call(outsider, name, request_of(name, **fields))
    assert answer.ByteSize() == 0


def test_a_post_cannot_belong_to_a_context_of_another_workspace(theirs: Workspace, ours: Workspace) -> None:
    new_post = {"persona_id": ours.persona_id, "platform": 1, "platform_post_id": "new"}
    with refusal() as refused:
        call(ours.channel, "CreatePost", request_of("CreatePost", **new_post, context_id=theirs.context_id))
    assert refused.reason == CONTEXT


def test_a_stream_that_names_a_post_of_another_workspace_is_refused_there(theirs: Workspace, ours: Workspace) -> None:
    batches = [
        request_of("RecordInteractions", post_id=post_id, interactions=[LIKE])
        for post_id in (ours.post_id, theirs.post_id)
    ]
    before = everything(theirs)
    with refusal() as refused:
        call(ours.channel, "RecordInteractions", *batches)
    assert refused.reason == POST
    assert everything(theirs) == before


def test_a_handle_taken_in_another_workspace_does_not_name_its_owner(theirs: Workspace, outsider: grpc.Channel) -> None:
    handle = {"platform": 1, "handle": "@Ava.theirs"}
    with refusal() as refused:
        call(outsider, "CreatePersona", request_of("CreatePersona", name="Eve", handles=[handle]))
    assert (refused.code, refused.reason) == (grpc.StatusCode.ALREADY_EXISTS, "HANDLE_TAKEN")
    answer = " ".join([refused.message, refused.resource, *refused.metadata.values()])
    assert theirs.persona_id not in answer
    assert theirs.name not in answer.replace("ava.theirs", "").replace("avatheirs", "").replace("Ava.theirs", "")


def test_an_import_of_posts_of_another_workspace_creates_new_posts(
    shared_server: RunningServer, theirs: Workspace
) -> None:
    importer = shared_server.channel(shared_server.key("importer"))
    row = {
        "line": 1,
        "persona_name": "Ava",
        "platform": 1,
        "platform_post_id": "the-same-everywhere",
        "publish_time": YESTERDAY,
    }
    before = everything(theirs)
    (answer,) = call(importer, "ImportPosts", request_of("ImportPosts", rows=[row]))
    assert (answer.imported_count, len(answer.created_personas)) == (1, 1)
    assert everything(theirs) == before


def test_labelled_examples_stay_in_their_workspace(theirs: Workspace, outsider: grpc.Channel) -> None:
    topic, taught = 5, [{"label": "food", "text": "soup", "persona_id": theirs.persona_id}]
    call(theirs.channel, "AddTrainingExamples", request_of("AddTrainingExamples", model_type=topic, examples=taught))
    stray = [{"label": "converted", "post_id": theirs.post_id}]
    for model_type, examples, field in ((3, stray, "post_id"), (topic, taught, "persona_id")):
        request = request_of("AddTrainingExamples", model_type=model_type, examples=examples)
        (report,) = call(outsider, "AddTrainingExamples", request)
        assert (report.added_count, [one.field for one in report.refused_examples]) == (0, [field])
    for deletion in ({"model_type": topic}, {"persona_id": theirs.persona_id}):
        (gone,) = call(outsider, "DeleteTrainingExamples", request_of("DeleteTrainingExamples", **deletion))
        assert gone.deleted_count == 0
    (still,) = call(theirs.channel, "DeleteTrainingExamples", request_of("DeleteTrainingExamples", model_type=topic))
    assert still.deleted_count == 1


@pytest.mark.parametrize("name", ["RecordEvents", "StreamEvents"])
@pytest.mark.parametrize("form", ["events", "columns"])
def test_events_for_another_workspaces_experiment_are_refused(
    theirs: Workspace, outsider: grpc.Channel, name: str, form: str
) -> None:
    event = {"id": uuid7(), "experiment_key": "running", "unit": "ana", "name": "conversion"}
    columns = {"ids": UUID(uuid7()).bytes, "experiment_keys": ["running"], "units": ["ana"], "names": ["conversion"]}
    before = everything(theirs)
    given = {"events": [event]} if form == "events" else {"columns": {**columns, "unit_indexes": [0]}}
    (answer,) = call(outsider, name, request_of(name, **given))
    assert answer.outcome.recorded_count == 0
    assert [one.reason for one in answer.outcome.refused] == [EXPERIMENT]
    assert everything(theirs) == before


def test_two_workspaces_can_use_the_same_experiment_key(theirs: Workspace, ours: Workspace) -> None:
    request = request_of("GetExperiment", experiment_key="running")
    (mine,), (other,) = call(ours.channel, "GetExperiment", request), call(theirs.channel, "GetExperiment", request)
    assert mine.experiment.id != other.experiment.id


def test_a_watch_stream_sends_events_of_its_own_workspace_only(theirs: Workspace, ours: Workspace) -> None:
    watching: Any = responses(ours.channel, "WatchEngagement", request_of("WatchEngagement"))
    watching.initial_metadata()
    note(theirs)
    note(ours)
    assert_changes_of(ours, watching, until=ours.context_id)


def test_a_watch_stream_filtered_by_posts_of_another_workspace_sends_nothing_of_them(
    theirs: Workspace, ours: Workspace
) -> None:
    wanted = {"post_ids": [theirs.post_id, ours.post_id]}
    watching: Any = responses(ours.channel, "WatchEngagement", request_of("WatchEngagement", **wanted))
    watching.initial_metadata()
    for workspace in (theirs, ours):
        request = request_of("UpdatePost", post_id=workspace.post_id, post={"category": "watched"})
        call(workspace.channel, "UpdatePost", request)
    assert_changes_of(ours, watching, until=ours.post_id)


def test_a_cursor_of_another_workspace_resumes_at_events_of_the_own_workspace(
    theirs: Workspace, ours: Workspace
) -> None:
    their_watching: Any = responses(theirs.channel, "WatchEngagement", request_of("WatchEngagement"))
    their_watching.initial_metadata()
    note(theirs)
    cursor = next_change(their_watching).cursor
    their_watching.cancel()
    note(theirs)
    note(ours)
    our_watching: Any = responses(ours.channel, "WatchEngagement", request_of("WatchEngagement", cursor=cursor))
    assert_changes_of(ours, our_watching, until=ours.context_id)


@pytest.mark.parametrize(
    "name", ["ListPersonas", "ListContexts", "ListPosts", "ListPlatforms", "ListModels", "ListOperations"]
)
def test_a_page_token_of_another_workspace_is_refused(
    theirs: Workspace, outsider: grpc.Channel, shared_server: RunningServer, name: str
) -> None:
    two_of_each(theirs, shared_server)
    (page,) = call(theirs.channel, name, request_of(name, page_size=1))
    assert page.next_page_token
    with refusal() as refused:
        call(outsider, name, request_of(name, page_size=1, page_token=page.next_page_token))
    assert (refused.code, refused.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "PAGE_TOKEN_INVALID")


def test_a_request_id_used_in_another_workspace_does_not_return_its_answer(theirs: Workspace, ours: Workspace) -> None:
    answers = []
    for workspace in (theirs, ours):
        request = request_of("StartContext", phase="TEXT_GENERATION", request_id="the same in both")
        answers.append(call(workspace.channel, "StartContext", request)[0].context.id)
    assert answers[0] != answers[1]


def test_settings_belong_to_one_workspace(theirs: Workspace, ours: Workspace) -> None:
    changed = request_of("UpdateEngagementSettings", pii_filter=2, reason="ours alone")
    assert call(ours.channel, "UpdateEngagementSettings", changed)[0].settings.reason == "ours alone"
    settings = call(theirs.channel, "GetEngagementSettings", request_of("GetEngagementSettings"))[0].settings
    assert (settings.pii_filter, settings.reason) == (1, "")


def everything(workspace: Workspace) -> list[Message]:
    """Returns the answers about everything that the workspace was furnished with."""
    named: dict[str, Fields] = {
        "GetPersona": {"persona_id": workspace.persona_id},
        "GetContext": {"context_id": workspace.context_id},
        "AnalyzePost": {"post_id": workspace.post_id},
        "ListInteractions": {"post_id": workspace.post_id},
        "ListPlatforms": {},
        "GetModel": {"model_id": workspace.model_id},
        "GetOperation": {"name": workspace.operation},
    }
    return [call(workspace.channel, name, request_of(name, **fields))[0] for name, fields in named.items()]


def assert_changes_of(workspace: Workspace, watching: Any, *, until: str) -> None:
    """Reads changes until the change of `until`, and asserts that all of them belong to the workspace."""
    own = {workspace.context_id, workspace.post_id}
    while True:
        change = next_change(watching)
        subject = change.context.id or change.post.id or change.interactions_judged.post_id or change.deleted_post_id
        assert subject in own
        if subject == until:
            break
    watching.cancel()


def note(workspace: Workspace) -> None:
    """Changes the workspace's context, which publishes an event."""
    request = request_of("UpdateContext", context_id=workspace.context_id, context={"note": str(uuid4())})
    call(workspace.channel, "UpdateContext", request)
