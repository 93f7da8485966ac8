"""Prediction errors are reported once, by any server, and wait while ExperimentsService is down."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, cast

import grpc
import pytest

from groundswell_server.experiments.rollouts import lifecycle
from groundswell_server.experiments.rollouts.design import RolloutDesign, Stage
from groundswell_server.learning.online import outcome_events
from groundswell_server.models.rollouts import error_reporter as sending_module
from groundswell_server.models.rollouts.error_reporter import CONSUMER, ErrorReporter
from groundswell_server.models.rollouts.rollout_membership import RolloutMembership
from groundswell_server.peers.peers import PeerRefusal
from groundswell_storage.database import Database
from groundswell_storage.errors import Unavailable
from groundswell_storage.events import consumers, events
from groundswell_storage.executor import DatabaseExecutor
from groundswell_storage.fields import to_micros
from groundswell_storage.learning import model_versions
from tests.learning.model_rows import a_version
from tests.learning.monitoring.service_rows import TARGET_AGE
from tests.learning.rollouts.experiments import AnsweringPeers
from tests.learning.rollouts.measured import POSTS, add_personas, date_back, measure

KEY = "model-2"
STAGES = Stage(0.5, timedelta(days=10)), Stage(1.0, timedelta(days=10))


class Sending:
    """A rollout of a version, beside one that is live, and three personas with measured posts."""

    def __init__(self, database: Database, executor: DatabaseExecutor) -> None:
        self.database, self.executor = database, executor
        with database.scope("default") as scope:
            live, candidate = (a_version(scope, name) for name in ("live", "candidate"))
            model_versions.set_stage(scope, live, "LIVE")
            self.live, self.candidate = live.id, candidate.id
            lifecycle.create_rollout(
                scope, KEY, RolloutDesign(model_id=candidate.id, stages=STAGES), target_age=timedelta(days=7)
            )
            date_back(scope)
            self.personas = add_personas(scope, 3)
            measure(scope, self.personas, {live.id: 1.0, candidate.id: 5.0})
        # One gets the candidate, one the live version, one is not compared.
        self.peers = AnsweringPeers(on=self.personas[:1], left_out=self.personas[2:])

    def reporter(self) -> ErrorReporter:
        """Of a server that starts now."""
        peers = cast(Any, self.peers)
        return ErrorReporter(
            self.executor,
            peers,
            RolloutMembership(peers),
            TARGET_AGE,
            topics=outcome_events.TOPICS,
            read_changes=outcome_events.read_changes,
        )

    def told(self) -> dict[str, list[float]]:
        """Values that were told of each unit, by the name of the event in front of it."""
        found: dict[str, list[float]] = {}
        for event in self.peers.recorded:
            assert event.experiment_key == KEY
            found.setdefault(f"{event.name} {self.personas.index(event.unit)}", []).append(event.value)
        return found

    def position(self) -> events.Position:
        """How far all servers have come."""
        with self.database.scope("default"):
            return consumers.position(self.database, CONSUMER)


@pytest.fixture
async def sending(database: Database) -> AsyncIterator[Sending]:
    executor = DatabaseExecutor(database)
    yield Sending(database, executor)
    executor.close()


async def test_the_version_of_the_side_that_a_persona_is_compared_on_counts(sending: Sending) -> None:
    await sending.reporter().report_all()
    told = sending.told()
    assert set(told) == {f"{name} {side}" for name in ("prediction_error", "prediction_outcome") for side in (0, 1)}
    assert told["prediction_error 0"] == pytest.approx([5.0] * POSTS, abs=0.21)
    assert told["prediction_error 1"] == pytest.approx([1.0] * POSTS, abs=0.21)
    assert told["prediction_outcome 0"] == told["prediction_outcome 1"] == [1.0] * POSTS


async def test_what_was_told_is_not_told_again(sending: Sending) -> None:
    await sending.reporter().report_all()
    first = len(sending.peers.recorded)
    await sending.reporter().report_all()
    assert len(sending.peers.recorded) == first


async def test_two_servers_at_once_tell_the_same_events(sending: Sending) -> None:
    """Their ids are the same, and an id counts once."""
    one, other = sending.reporter(), sending.reporter()
    sending.peers.error = Unavailable("away")
    for sender in (one, other):
        with pytest.raises(Unavailable):
            await sender.report_all()
    assert sending.position() == events.START
    sending.peers.error = None
    await one.report_all()
    ids = [event.id for event in sending.peers.recorded]
    with sending.database.transaction():
        sending.database.execute("DELETE FROM event_consumer")
    await other.report_all()
    assert [event.id for event in sending.peers.recorded] == ids + ids
    assert len(set(ids)) == len(ids)


async def test_what_is_refused_for_good_does_not_keep_the_others_waiting(sending: Sending) -> None:
    sending.peers.error = PeerRefusal(grpc.StatusCode.NOT_FOUND, "no such rollout", reason="", metadata={})
    await sending.reporter().report_all()
    assert sending.position() > events.START


async def test_a_refusal_that_may_pass_is_waited_for(sending: Sending) -> None:
    sending.peers.error = PeerRefusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "too many calls", reason="", metadata={})
    with pytest.raises(PeerRefusal):
        await sending.reporter().report_all()
    assert sending.position() == events.START


async def test_a_workspace_that_can_not_be_read_does_not_keep_the_others_waiting(
    sending: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr(sending_module, "read_errors", fail)
    await sending.reporter().report_all()
    assert sending.position() > events.START


async def test_what_was_predicted_before_the_rollout_does_not_count(sending: Sending) -> None:
    with sending.database.scope("default") as scope:
        scope.execute("UPDATE rollout SET create_time = ?", (to_micros(scope.now),))
    await sending.reporter().report_all()
    assert sending.peers.recorded == []


async def test_with_nothing_under_rollout_nothing_is_read_or_written(sending: Sending) -> None:
    with sending.database.scope("default") as scope:
        lifecycle.roll_back_rollout(scope, KEY)
    await sending.reporter().report_all()
    assert (sending.peers.resolved, sending.position()) == ([], events.START)
