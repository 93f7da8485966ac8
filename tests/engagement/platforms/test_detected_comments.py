"""Comments of a sync are read by the workspace's live detector, as those of RecordInteractions are."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import uuid4

import grpc
import pytest
from structlog.testing import capture_logs

from groundswell.v1 import learning_pb2 as pb
from groundswell_server.engagement import trained_detectors
from groundswell_server.engagement.interactions.interactions import Interaction, list_interactions
from groundswell_storage.engagement.enums import Platform, Verdict
from groundswell_storage.engagement.interactions import InteractionRow
from tests.engagement.platforms.clocks import SharedClock
from tests.engagement.platforms.studio import MASTER_KEY, Studio
from tests.learning.calls import labels
from tests.learning.calls.studio import Studio as Learners
from tests.patience import eventually
from tests.running import RunningServer
from tests.stand_in import StandIn, StandInPost

BOAST = "check out my channel, the light over the harbour is so warm"
"""Spam to the phrases, praise to the detector."""
TEXTS = (labels.SPAM, labels.PRAISE, BOAST)
BY_DETECTOR = {labels.SPAM: Verdict.BOT, labels.PRAISE: Verdict.GENUINE, BOAST: Verdict.GENUINE}
BY_PHRASES = {labels.SPAM: Verdict.GENUINE, labels.PRAISE: Verdict.GENUINE, BOAST: Verdict.BOT}


@dataclass(frozen=True, slots=True)
class Lender:
    """A workspace that has trained a SPAM_DETECTOR, on a server that asks for keys; training takes long."""

    learners: Learners
    model_id: str


@pytest.fixture(scope="module")
def lender(shared_database_url: str) -> Iterator[Lender]:
    with RunningServer(shared_database_url, master_key=MASTER_KEY, require_keys=True) as server:
        learners = Learners.open(server)
        labels.send(learners, "SPAM_DETECTOR", labels.comments(200))
        model = learners.train("SPAM_DETECTOR", as_of_time=None)
        assert model.stage == pb.MODEL_STAGE_LIVE, list(model.notes)
        yield Lender(learners, model.id)


@pytest.fixture
def learners(lender: Lender) -> Learners:
    """A workspace in which that detector is live."""
    learners = Learners.open(lender.learners.server)
    model_id = learners.borrow(lender.model_id, lender.learners)
    learners.learning.PromoteModel(pb.PromoteModelRequest(model_id=model_id))
    eventually(lambda: said_by_detector(learners))
    return learners


def said_by_detector(learners: Learners) -> dict[str, float]:
    """That each text is spam, 0 to 1; nothing before the server has heard that there is a detector."""
    request = pb.ClassifyTextRequest(model_type=pb.MODEL_TYPE_SPAM_DETECTOR, texts=TEXTS)
    try:
        found = learners.learning.ClassifyText(request).classes
    except grpc.RpcError as error:
        if error.code() is not grpc.StatusCode.FAILED_PRECONDITION:
            raise
        return {}
    chances = [{one.label: one.probability for one in each.probabilities}["spam"] for each in found]
    return dict(zip(TEXTS, chances, strict=True))


@pytest.fixture
def studio(learners: Learners, stand_in: StandIn, clock: SharedClock) -> Studio:
    """The workspace with the detector, and a worker that finds its server."""
    return studio_in(learners.workspace, learners, stand_in, clock, learners.server.target)


def studio_in(workspace: str, learners: Learners, stand_in: StandIn, clock: SharedClock, server: str) -> Studio:
    database = learners.server.app.database
    database.bind()
    studio = Studio(database, stand_in, clock, workspace, server)
    studio.connect(Platform.INSTAGRAM)
    return studio


def synced(studio: Studio) -> dict[str, Interaction]:
    """The comments that a sync brought to a new post, by text."""
    id = uuid4().hex
    first = studio.clock.seconds() - 4 * 3600
    studio.stand_in.posts[id] = StandInPost(id, comments=len(TEXTS), reach=100, first_comment=first, texts=TEXTS)
    post_id = studio.post(studio.persona(), Platform.INSTAGRAM, id)
    assert studio.sync().interaction_count == len(TEXTS)
    with studio.database.scope(studio.workspace) as scope:
        return {found.text: found for found in list_interactions(scope, post_id).items}


def verdicts(comments: dict[str, Interaction]) -> dict[str, Verdict]:
    return {text: found.verdict for text, found in comments.items()}


def reasons(comment: Interaction) -> set[str]:
    return {reason.code for reason in comment.reasons}


def kept_words(studio: Studio) -> dict[str, float | None]:
    """Returns the stored spam probability of each text."""
    with studio.database.scope(studio.workspace) as scope:
        return {row.text: row.spam_probability for row in scope.select(InteractionRow)}


def test_the_verdicts_on_comments_of_a_sync_are_those_of_the_live_detector(studio: Studio, learners: Learners) -> None:
    found = synced(studio)
    assert verdicts(found) == BY_DETECTOR
    assert (reasons(found[labels.SPAM]), reasons(found[BOAST])) == ({"SPAM_DETECTOR"}, set())
    assert kept_words(studio) == pytest.approx(said_by_detector(learners))


def test_the_detector_of_another_workspace_is_not_called(
    studio: Studio, learners: Learners, stand_in: StandIn, clock: SharedClock
) -> None:
    stranger = studio_in(uuid4().hex, learners, stand_in, clock, studio.server)
    with capture_logs() as told:
        found = synced(stranger)
    assert verdicts(found) == BY_PHRASES
    assert set(kept_words(stranger).values()) == {None}
    assert complaints(told) == []


@contextmanager
def silence() -> Iterator[str]:
    """The address of somebody who takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}"


@contextmanager
def nobody() -> Iterator[str]:
    """The address of a server that is gone."""
    yield "unix:/nowhere/peers.sock"


@contextmanager
def unknown() -> Iterator[str]:
    """The address that a worker without a configured suite has."""
    yield ""


@pytest.mark.parametrize("gone", [nobody, silence, unknown])
def test_without_the_server_the_phrases_are_used_and_the_log_reports_it(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, gone: type
) -> None:
    monkeypatch.setattr(trained_detectors, "_TIMEOUT_SECONDS", 0.2)
    with gone() as studio.server, capture_logs() as told:
        found = synced(studio)
    assert verdicts(found) == BY_PHRASES
    assert reasons(found[BOAST]) == {"SELF_PROMOTION"}
    (complaint,) = complaints(told)
    assert complaint["model_type"] == "SPAM_DETECTOR"


def complaints(told: list[dict[str, object]]) -> list[dict[str, object]]:
    return [entry for entry in told if "detector does not answer" in str(entry["event"])]
