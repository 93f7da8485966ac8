"""Whom a rollout covers is asked once for each persona, and not at all while nobody answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

from groundswell_server import silences
from groundswell_server.learning.trials.coverage import Coverage
from groundswell_server.learning.trials.trial import Trial
from groundswell_server.runtime.call import Principal
from groundswell_storage.errors import Unavailable
from groundswell_storage.experiments.models_on_trial import ModelOnTrial
from tests.learning.trials.experiments import AnsweringPeers

BEGAN = datetime(2026, 3, 2, tzinfo=UTC)


def a_trial(version: int = 1) -> Trial:
    subject = ModelOnTrial("rollout", "model-2", version, BEGAN, "ENGAGEMENT_PREDICTOR", "candidate")
    return Trial(subject, cast(Any, None))


async def test_a_persona_is_asked_about_once_for_each_state_of_the_rollout() -> None:
    peers = AnsweringPeers(on=["luna"])
    coverage = Coverage(cast(Any, peers))
    for _ in range(3):
        assert await coverage.on("default", [a_trial()], "luna") == {"rollout"}
        assert await coverage.on("default", [a_trial()], "ana") == frozenset()
    assert peers.resolved == ["luna", "ana"]
    peers.on = ["luna", "ana"]
    assert await coverage.on("default", [a_trial(version=2)], "ana") == {"rollout"}


async def test_it_is_asked_as_somebody_who_may_only_take_part() -> None:
    """Who gets which version must not depend on who asks for a prediction."""
    peers = AnsweringPeers()
    await Coverage(cast(Any, peers)).on("default", [a_trial()], "luna")
    assert peers.principals == {
        Principal("default", "agent", "learning.trials", frozenset({"experiments.write"})),
    }


async def test_who_does_not_answer_covers_nobody_and_is_left_alone_for_a_while() -> None:
    peers = AnsweringPeers(on=["luna"])
    peers.error = Unavailable("away")
    coverage = Coverage(cast(Any, peers))
    assert await coverage.on("default", [a_trial()], "luna") == frozenset()
    peers.error = None
    assert await coverage.on("default", [a_trial()], "luna") == frozenset()
    assert peers.resolved == ["luna"]
    assert await coverage.on("other", [a_trial()], "luna") == {"rollout"}


async def test_after_that_while_it_is_asked_again(monkeypatch: Any) -> None:
    monkeypatch.setattr(silences, "AWAY_SECONDS", -1.0)
    peers = AnsweringPeers(on=["luna"])
    peers.error = Unavailable("away")
    coverage = Coverage(cast(Any, peers))
    assert await coverage.on("default", [a_trial()], "luna") == frozenset()
    peers.error = None
    assert await coverage.on("default", [a_trial()], "luna") == {"rollout"}
