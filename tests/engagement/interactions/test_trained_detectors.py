"""Trained detectors: their probabilities are used, and a missing answer does not block recording."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from groundswell.v1 import learning_pb2 as pb
from groundswell_server.engagement.bot_detection.account_profiles import Profile
from groundswell_server.engagement.interactions.interactions import NewInteraction
from groundswell_server.engagement.trained_detectors import TrainedDetectors
from groundswell_server.peers.peers import OnBehalf
from groundswell_server.runtime.call import EVERY_SCOPE, Principal
from groundswell_storage.engagement.enums import InteractionKind
from groundswell_storage.errors import FailedPrecondition, GroundswellError, PermissionDenied, Unavailable
from tests.running import RunningServer
from tests.wire import call, request_of

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOT_LIVE = FailedPrecondition("no SPAM_DETECTOR is live", reason="MODEL_NOT_LIVE")


class Learning:
    """A Learning that takes texts with an x for spam, and any account for a bot's; or that refuses."""

    def __init__(self) -> None:
        self.learning = SimpleNamespace(ClassifyProfiles=self._profiles, ClassifyText=self._texts)
        self.refusal: GroundswellError | None = None
        self.asked: list[int] = []

    async def call(self, caller: Any, method: Callable[[Any], Any], request: Any, *, timeout_seconds: float) -> Any:
        response = method(request)
        if self.refusal is not None:
            raise self.refusal
        return response

    def _profiles(self, request: Any) -> Any:
        self.asked.append(len(request.profiles))
        return pb.ClassifyProfilesResponse(classes=[{"bot_probability": 0.9}] * len(request.profiles))

    def _texts(self, request: Any) -> Any:
        self.asked.append(len(request.texts))
        assert sum(map(len, request.texts)) <= 500_000
        chances = [0.8 if "x" in text else 0.1 for text in request.texts]
        classes = [{"probabilities": [{"label": "spam", "probability": chance}]} for chance in chances]
        return pb.ClassifyTextResponse(classes=classes)


def comment(text: str, **known: Any) -> NewInteraction:
    return NewInteraction(InteractionKind.COMMENT, 0, "anna", text, profile=Profile(**known))


def consulted(detectors: TrainedDetectors, *batch: NewInteraction, workspace: str = "acme") -> list[NewInteraction]:
    caller = OnBehalf(Principal(workspace, "writer", "tester", EVERY_SCOPE), "a-request")
    return asyncio.run(detectors.consult(caller, list(batch)))


def test_what_is_said_of_accounts_and_texts_is_taken() -> None:
    found = consulted(TrainedDetectors(Learning()), comment("x", followers=1), comment("y"), comment(""))  # type: ignore[arg-type]
    assert [one.spam_probability for one in found] == [0.8, 0.1, None]
    assert [one.profile.bot_probability for one in found] == [0.9, None, None]


def test_a_text_is_asked_for_once_and_many_in_parts() -> None:
    learning = Learning()
    consulted(TrainedDetectors(learning), *[comment(f"{number % 1500} x") for number in range(3000)])  # type: ignore[arg-type]
    assert learning.asked == [1000, 500]
    learning.asked.clear()
    found = consulted(TrainedDetectors(learning), *[comment(f"x{number}" * 4000) for number in range(120)])  # type: ignore[arg-type]
    assert len(learning.asked) > 1
    assert {one.spam_probability for one in found} == {0.8}


@pytest.mark.parametrize("refusal", [NOT_LIVE, Unavailable("gone"), PermissionDenied("no", reason="PERMISSION_DENIED")])
def test_whatever_learning_answers_the_batch_is_recorded_as_it_is(refusal: GroundswellError) -> None:
    learning = Learning()
    learning.refusal = refusal
    batch = [comment("x", followers=1)]
    assert consulted(TrainedDetectors(learning), *batch) == batch  # type: ignore[arg-type]


@pytest.mark.parametrize(("refusal", "asked"), [(NOT_LIVE, 2), (Unavailable("gone"), 1)])
def test_what_is_not_there_is_not_asked_for_again_with_every_batch(refusal: GroundswellError, asked: int) -> None:
    learning = Learning()
    learning.refusal = refusal
    detectors = TrainedDetectors(learning)  # type: ignore[arg-type]
    for _ in range(3):
        consulted(detectors, comment("x", followers=1))
    assert len(learning.asked) == asked
    consulted(detectors, comment("x"), workspace="another")
    assert len(learning.asked) == asked + 1


def test_interactions_are_recorded_where_learning_is_not_served(database_url: str) -> None:
    with RunningServer(database_url, ("engagement", "operations")) as server:
        channel = server.channel()

        def made(name: str, /, **fields: Any) -> Any:
            return call(channel, name, request_of(name, **fields))[0]

        persona = made("CreatePersona", name="Ava").persona
        known = {"persona_id": persona.id, "platform": 1, "platform_post_id": "p", "publish_time": NOON}
        post = made("CreatePost", **known).post
        spam = {"kind": 2, "actor_handle": "bo", "text": "check out my channel", "interact_time": NOON}
        assert made("RecordInteractions", post_id=post.id, interactions=[spam]).recorded_count == 1
        (found,) = made("ListInteractions", post_id=post.id).interactions
        assert "SELF_PROMOTION" in {reason.code for reason in found.reasons}
