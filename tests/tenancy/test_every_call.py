"""A key of one workspace sees nothing of another: every call of every service is tried with another's ids."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest
from google.protobuf.message import Message

from groundswell_storage.ids import uuid7
from tests.errors import refusal
from tests.running import RunningServer
from tests.wire import METHODS, call, next_change, request_of, responses
from tests.workspaces import Workspace, furnish, two_of_each

Fields = Mapping[str, Any]
Request = Callable[[Workspace], Fields]
"""What to send, made of the ids of another workspace."""

PERSONA, CONTEXT, POST = "PERSONA_NOT_FOUND", "CONTEXT_NOT_FOUND", "POST_NOT_FOUND"
CONNECTION = "CONNECTION_NOT_FOUND"
MODEL, OPERATION, EXPERIMENT = "MODEL_NOT_FOUND", "OPERATION_NOT_FOUND", "EXPERIMENT_NOT_FOUND"
ROLLOUT = "ROLLOUT_NOT_FOUND"
NOTHING = "an empty answer"
THEIR_OWN = "a test of its own below"

YESTERDAY = datetime.now(UTC) - timedelta(days=1)
LIKE = {"kind": 1, "actor_handle": "bo", "interact_time": YESTERDAY + timedelta(hours=12)}
DESIGN = {"metrics": [{"name": "conversion_rate"}], "variants": [{"key": "stolen"}]}

ATTEMPTS: dict[str, list[tuple[str, Request]]] = {
    "CreatePersona": [(THEIR_OWN, lambda theirs: {})],
    "GetPersona": [(PERSONA, lambda theirs: {"persona_id": theirs.persona_id})],
    "ListPersonas": [(NOTHING, lambda theirs: {"show_deleted": True})],
    "UpdatePersona": [(PERSONA, lambda theirs: {"persona_id": theirs.persona_id, "persona": {"niche": "stolen"}})],
    "DeletePersona": [(PERSONA, lambda theirs: {"persona_id": theirs.persona_id})],
    "StartContext": [(PERSONA, lambda theirs: {"persona_id": theirs.persona_id, "phase": "TEXT_GENERATION"})],
    "UpdateContext": [(CONTEXT, lambda theirs: {"context_id": theirs.context_id, "context": {"note": "stolen"}})],
    "FinishContext": [(CONTEXT, lambda theirs: {"context_id": theirs.context_id, "state": 3})],
    "GetContext": [(CONTEXT, lambda theirs: {"context_id": theirs.context_id})],
    "ListContexts": [
        (NOTHING, lambda theirs: {}),
        (NOTHING, lambda theirs: {"persona_id": theirs.persona_id}),
    ],
    "SubmitFeedback": [(CONTEXT, lambda theirs: {"context_id": theirs.context_id, "rating": 5})],
    "CreatePost": [
        (PERSONA, lambda theirs: {"persona_id": theirs.persona_id, "platform": 1, "platform_post_id": "stolen"}),
    ],
    "GetPost": [(POST, lambda theirs: {"post_id": theirs.post_id})],
    "ListPosts": [
        (NOTHING, lambda theirs: {}),
        (NOTHING, lambda theirs: {"persona_id": theirs.persona_id}),
        (NOTHING, lambda theirs: {"context_id": theirs.context_id}),
    ],
    "UpdatePost": [(POST, lambda theirs: {"post_id": theirs.post_id, "post": {"caption": "stolen"}})],
    "DeletePost": [(POST, lambda theirs: {"post_id": theirs.post_id})],
    "RecordMetrics": [(POST, lambda theirs: {"post_id": theirs.post_id, "metrics": {"likes": 1}})],
    "RecordInteractions": [(POST, lambda theirs: {"post_id": theirs.post_id, "interactions": [LIKE]})],
    "ListInteractions": [(POST, lambda theirs: {"post_id": theirs.post_id})],
    "AnalyzePost": [(POST, lambda theirs: {"post_id": theirs.post_id})],
    "AnalyzeAudience": [(PERSONA, lambda theirs: {"persona_id": theirs.persona_id})],
    "GetTimeline": [(POST, lambda theirs: {"post_id": theirs.post_id})],
    "ConnectPlatform": [
        (PERSONA, lambda theirs: {"persona_id": theirs.persona_id, "platform": 1, "access_token": "stolen"}),
    ],
    "DisconnectPlatform": [
        (PERSONA, lambda theirs: {"persona_id": theirs.persona_id, "platform": 1}),
        (CONNECTION, lambda theirs: {"platform": 1}),
    ],
    "ListPlatforms": [
        (NOTHING, lambda theirs: {}),
        (NOTHING, lambda theirs: {"persona_id": theirs.persona_id}),
    ],
    "GetEngagementSettings": [(THEIR_OWN, lambda theirs: {})],
    "UpdateEngagementSettings": [(THEIR_OWN, lambda theirs: {})],
    "SyncPosts": [(PERSONA, lambda theirs: {"persona_ids": [theirs.persona_id]})],
    "WatchEngagement": [(THEIR_OWN, lambda theirs: {})],
    "ImportPosts": [(THEIR_OWN, lambda theirs: {})],
    "TrainModel": [(PERSONA, lambda theirs: {"model_type": 1, "persona_id": theirs.persona_id})],
    "ListModels": [(NOTHING, lambda theirs: {})],
    "GetModel": [(MODEL, lambda theirs: {"model_id": theirs.model_id})],
    "PromoteModel": [(MODEL, lambda theirs: {"model_id": theirs.model_id, "force": True})],
    "RollBackModel": [(MODEL, lambda theirs: {"model_type": 1, "model_id": theirs.model_id})],
    "DeleteModel": [(MODEL, lambda theirs: {"model_id": theirs.model_id})],
    "GetModelPerformance": [(MODEL, lambda theirs: {"model_id": theirs.model_id})],
    "ScheduleTraining": [(THEIR_OWN, lambda theirs: {})],
    "CancelTrainingSchedule": [("TRAINING_SCHEDULE_NOT_FOUND", lambda theirs: {"model_type": 1})],
    "WatchModel": [(THEIR_OWN, lambda theirs: {})],
    "CheckDrift": [(MODEL, lambda theirs: {"model_id": theirs.model_id})],
    "ListDriftReports": [(THEIR_OWN, lambda theirs: {})],
    "GetFeatureImportance": [(MODEL, lambda theirs: {"model_id": theirs.model_id})],
    **{
        name: [
            (CONTEXT, lambda theirs: {"context_id": theirs.context_id}),
            (PERSONA, lambda theirs: {"draft": {"persona_id": theirs.persona_id, "platform": 1}}),
        ]
        for name in ("PredictEngagement", "PredictSuccess", "PredictConversion", "ScoreContent", "OptimizeContent")
    },
    "BatchScoreContent": [
        (CONTEXT, lambda theirs: {"requests": [{"draft": {"platform": 1}}, {"context_id": theirs.context_id}]}),
        (PERSONA, lambda theirs: {"requests": [{"draft": {"platform": 1, "persona_id": theirs.persona_id}}]}),
    ],
    "AddTrainingExamples": [(THEIR_OWN, lambda theirs: {})],
    "DeleteTrainingExamples": [(THEIR_OWN, lambda theirs: {})],
    # tests/learning/calls has a test in which there is a model to be asked.
    "ClassifyText": [(THEIR_OWN, lambda theirs: {})],
    "ClassifyProfiles": [(THEIR_OWN, lambda theirs: {})],
    "PredictTiming": [(PERSONA, lambda theirs: {"persona_id": theirs.persona_id, "platform": 1})],
    **{
        name: [(PERSONA, lambda theirs: {"persona_id": theirs.persona_id})]
        for name in ("AnalyzePatterns", "GetEffectiveHashtags", "SummarizePerformance", "SuggestImprovements")
    },
    "RecommendPatterns": [(PERSONA, lambda theirs: {"persona_id": theirs.persona_id, "task_type": "TEXT_GENERATION"})],
    "FindSuccessfulPatterns": [
        (PERSONA, lambda theirs: {"persona_id": theirs.persona_id}),
        (NOTHING, lambda theirs: {}),
    ],
    "FindFailurePatterns": [
        (PERSONA, lambda theirs: {"persona_id": theirs.persona_id}),
        (NOTHING, lambda theirs: {}),
    ],
    "CreateExperiment": [(THEIR_OWN, lambda theirs: {})],
    "ListExperiments": [(NOTHING, lambda theirs: {})],
    "UpdateExperiment": [(EXPERIMENT, lambda theirs: {"experiment_key": "draft", "design": DESIGN})],
    **{
        name: [(EXPERIMENT, lambda theirs: {"experiment_key": "running"})]
        for name in (
            "GetExperiment",
            "StartExperiment",
            "PauseExperiment",
            "ResumeExperiment",
            "CompleteExperiment",
            "ArchiveExperiment",
            "AnalyzeExperiment",
            "WatchExperiment",
        )
    },
    "AssignVariant": [(EXPERIMENT, lambda theirs: {"experiment_key": "running", "unit": "ana"})],
    "EvaluateVariant": [(EXPERIMENT, lambda theirs: {"experiment_key": "running", "unit": "ana"})],
    "BatchAssignVariants": [
        (EXPERIMENT, lambda theirs: {"requests": [{"experiment_key": "running", "unit": "ana"}]}),
    ],
    "RecordEvents": [(THEIR_OWN, lambda theirs: {})],
    "StreamEvents": [(THEIR_OWN, lambda theirs: {})],
    "PlanExperiment": [(THEIR_OWN, lambda theirs: {})],
    "CreateRollout": [
        (MODEL, lambda theirs: {"key": "stolen", "design": {"model_id": theirs.model_id}}),
    ],
    "ListRollouts": [(NOTHING, lambda theirs: {})],
    **{
        name: [(ROLLOUT, lambda theirs: {"rollout_key": "rolling"})]
        for name in ("GetRollout", "AdvanceRollout", "PauseRollout", "RollBackRollout")
    },
    "ResumeRollout": [(ROLLOUT, lambda theirs: {"rollout_key": "waiting"})],
    "EvaluateRollout": [(ROLLOUT, lambda theirs: {"rollout_key": "rolling", "unit": "ana"})],
    "ListOperations": [(NOTHING, lambda theirs: {"name": "operations"})],
    "GetOperation": [(OPERATION, lambda theirs: {"name": theirs.operation})],
    "DeleteOperation": [(OPERATION, lambda theirs: {"name": theirs.operation})],
    "CancelOperation": [(OPERATION, lambda theirs: {"name": theirs.operation})],
    "WaitOperation": [(OPERATION, lambda theirs: {"name": theirs.operation})],
}
"""Requests by call, with the reason they are refused for."""

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


def test_every_call_of_every_service_is_tried() -> None:
    assert ATTEMPTS.keys() == METHODS.keys()


@pytest.mark.parametrize(("name", "number"), REFUSED)
def test_what_another_workspace_has_is_not_found(
    theirs: Workspace, outsider: grpc.Channel, name: str, number: int
) -> None:
    reason, fields = ATTEMPTS[name][number]
    before = everything(theirs)
    with refusal() as refused:
        call(outsider, name, request_of(name, **fields(theirs)))
    assert (refused.code, refused.reason) == (grpc.StatusCode.NOT_FOUND, reason)
    assert everything(theirs) == before


@pytest.mark.parametrize(("name", "number"), EMPTY)
def test_lists_hold_nothing_of_another_workspace(
    theirs: Workspace, outsider: grpc.Channel, name: str, number: int
) -> None:
    fields = ATTEMPTS[name][number][1](theirs)
    (seen,) = call(theirs.channel, name, request_of(name, **fields))
    assert seen.ByteSize() > 0, "there would be something to see"
    (answer,) = call(outsider, name, request_of(name, **fields))
    assert answer.ByteSize() == 0


def test_nothing_of_ones_own_hangs_on_another_workspaces_things(theirs: Workspace, ours: Workspace) -> None:
    new_post = {"persona_id": ours.persona_id, "platform": 1, "platform_post_id": "new"}
    with refusal() as refused:
        call(ours.channel, "CreatePost", request_of("CreatePost", **new_post, context_id=theirs.context_id))
    assert refused.reason == CONTEXT


def test_a_stream_that_strays_into_another_workspace_keeps_what_was_acknowledged_and_no_more(
    theirs: Workspace, ours: Workspace
) -> None:
    batches = [
        request_of("RecordInteractions", post_id=post_id, interactions=[LIKE])
        for post_id in (ours.post_id, theirs.post_id)
    ]
    before = everything(theirs)
    with refusal() as refused:
        call(ours.channel, "RecordInteractions", *batches)
    assert refused.reason == POST
    assert everything(theirs) == before


def test_a_handle_of_another_workspace_is_taken_and_that_is_all_one_learns(
    theirs: Workspace, outsider: grpc.Channel
) -> None:
    handle = {"platform": 1, "handle": "@Ava.theirs"}
    with refusal() as refused:
        call(outsider, "CreatePersona", request_of("CreatePersona", name="Eve", handles=[handle]))
    assert (refused.code, refused.reason) == (grpc.StatusCode.ALREADY_EXISTS, "HANDLE_TAKEN")
    told = " ".join([refused.message, refused.resource, *refused.metadata.values()])
    assert theirs.persona_id not in told
    assert theirs.name not in told.replace("ava.theirs", "").replace("avatheirs", "").replace("Ava.theirs", "")


def test_an_import_of_posts_that_another_workspace_has_makes_posts_of_ones_own(
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


def test_an_experiment_may_have_the_key_of_another_workspaces(theirs: Workspace, ours: Workspace) -> None:
    request = request_of("GetExperiment", experiment_key="running")
    (mine,), (other,) = call(ours.channel, "GetExperiment", request), call(theirs.channel, "GetExperiment", request)
    assert mine.experiment.id != other.experiment.id


def test_a_watcher_is_told_of_its_own_workspace_alone(theirs: Workspace, ours: Workspace) -> None:
    watching: Any = responses(ours.channel, "WatchEngagement", request_of("WatchEngagement"))
    watching.initial_metadata()
    note(theirs)
    note(ours)
    assert_told_of(ours, watching, until=ours.context_id)


def test_a_watcher_who_names_another_workspaces_posts_is_told_nothing_of_them(
    theirs: Workspace, ours: Workspace
) -> None:
    wanted = {"post_ids": [theirs.post_id, ours.post_id]}
    watching: Any = responses(ours.channel, "WatchEngagement", request_of("WatchEngagement", **wanted))
    watching.initial_metadata()
    for workspace in (theirs, ours):
        request = request_of("UpdatePost", post_id=workspace.post_id, post={"category": "watched"})
        call(workspace.channel, "UpdatePost", request)
    assert_told_of(ours, watching, until=ours.post_id)


def test_a_cursor_of_another_workspace_shows_ones_own_events(theirs: Workspace, ours: Workspace) -> None:
    their_watching: Any = responses(theirs.channel, "WatchEngagement", request_of("WatchEngagement"))
    their_watching.initial_metadata()
    note(theirs)
    cursor = next_change(their_watching).cursor
    their_watching.cancel()
    note(theirs)
    note(ours)
    our_watching: Any = responses(ours.channel, "WatchEngagement", request_of("WatchEngagement", cursor=cursor))
    assert_told_of(ours, our_watching, until=ours.context_id)


@pytest.mark.parametrize(
    "name", ["ListPersonas", "ListContexts", "ListPosts", "ListPlatforms", "ListModels", "ListOperations"]
)
def test_a_page_token_of_another_workspace_is_no_token(
    theirs: Workspace, outsider: grpc.Channel, shared_server: RunningServer, name: str
) -> None:
    two_of_each(theirs, shared_server)
    (page,) = call(theirs.channel, name, request_of(name, page_size=1))
    assert page.next_page_token
    with refusal() as refused:
        call(outsider, name, request_of(name, page_size=1, page_token=page.next_page_token))
    assert (refused.code, refused.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "PAGE_TOKEN_INVALID")


def test_a_request_id_of_another_workspace_gives_none_of_its_answers(theirs: Workspace, ours: Workspace) -> None:
    answers = []
    for workspace in (theirs, ours):
        request = request_of("StartContext", phase="TEXT_GENERATION", request_id="the same in both")
        answers.append(call(workspace.channel, "StartContext", request)[0].context.id)
    assert answers[0] != answers[1]


def test_settings_are_of_one_workspace(theirs: Workspace, ours: Workspace) -> None:
    changed = request_of("UpdateEngagementSettings", pii_filter=2, reason="ours alone")
    assert call(ours.channel, "UpdateEngagementSettings", changed)[0].settings.reason == "ours alone"
    settings = call(theirs.channel, "GetEngagementSettings", request_of("GetEngagementSettings"))[0].settings
    assert (settings.pii_filter, settings.reason) == (1, "")


def everything(workspace: Workspace) -> list[Message]:
    """All that a workspace shows of the things it was furnished with."""
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


def assert_told_of(workspace: Workspace, watching: Any, *, until: str) -> None:
    """Reads changes until one of the thing `until`; all have to be of the workspace."""
    own = {workspace.context_id, workspace.post_id}
    while True:
        change = next_change(watching)
        subject = change.context.id or change.post.id or change.interactions_judged.post_id or change.deleted_post_id
        assert subject in own
        if subject == until:
            break
    watching.cancel()


def note(workspace: Workspace) -> None:
    """Changes the workspace's context, which its watchers are told of."""
    request = request_of("UpdateContext", context_id=workspace.context_id, context={"note": str(uuid4())})
    call(workspace.channel, "UpdateContext", request)
