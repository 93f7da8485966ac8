"""The membership of each persona in a rollout is asked once, and not at all while nobody answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

from groundswell_server.models.rollouts.rollout_membership import RolloutMembership
from groundswell_server.models.serving.served_model import UnderRollout
from groundswell_server.peers import circuit_breaker
from groundswell_server.runtime.call import Principal
from groundswell_storage.errors import Unavailable
from groundswell_storage.experiments.model_rollouts import ModelRollout
from tests.learning.rollouts.experiments import AnsweringPeers

BEGAN = datetime(2026, 3, 2, tzinfo=UTC)


def under_rollout(version: int = 1) -> UnderRollout:
    rollout = ModelRollout("rollout", "model-2", version, BEGAN, "ENGAGEMENT_PREDICTOR", "candidate")
    return UnderRollout(rollout, cast(Any, None))


async def test_a_persona_is_asked_about_once_for_each_state_of_the_rollout() -> None:
    peers = AnsweringPeers(on=["luna"])
    coverage = RolloutMembership(cast(Any, peers))
    for _ in range(3):
        assert await coverage.rollouts_of("default", [under_rollout()], "luna") == {"rollout"}
        assert await coverage.rollouts_of("default", [under_rollout()], "ana") == frozenset()
    assert peers.resolved == ["luna", "ana"]
    peers.on = ["luna", "ana"]
    assert await coverage.rollouts_of("default", [under_rollout(version=2)], "ana") == {"rollout"}


async def test_it_is_asked_as_somebody_who_may_only_take_part() -> None:
    """Who gets which version must not depend on who asks for a prediction."""
    peers = AnsweringPeers()
    await RolloutMembership(cast(Any, peers)).rollouts_of("default", [under_rollout()], "luna")
    assert peers.principals == {
        Principal("default", "agent", "learning.rollouts", frozenset({"experiments.write"})),
    }


async def test_who_does_not_answer_covers_nobody_and_is_left_alone_for_a_while() -> None:
    peers = AnsweringPeers(on=["luna"])
    peers.error = Unavailable("away")
    coverage = RolloutMembership(cast(Any, peers))
    assert await coverage.rollouts_of("default", [under_rollout()], "luna") == frozenset()
    peers.error = None
    assert await coverage.rollouts_of("default", [under_rollout()], "luna") == frozenset()
    assert peers.resolved == ["luna"]
    assert await coverage.rollouts_of("other", [under_rollout()], "luna") == {"rollout"}


async def test_after_that_while_it_is_asked_again(monkeypatch: Any) -> None:
    monkeypatch.setattr(circuit_breaker, "OPEN_SECONDS", -1.0)
    peers = AnsweringPeers(on=["luna"])
    peers.error = Unavailable("away")
    coverage = RolloutMembership(cast(Any, peers))
    assert await coverage.rollouts_of("default", [under_rollout()], "luna") == frozenset()
    peers.error = None
    assert await coverage.rollouts_of("default", [under_rollout()], "luna") == {"rollout"}
