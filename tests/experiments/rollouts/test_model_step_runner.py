"""Rollouts of a model version: LearningService promotes it for the last stage and rolls it back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from groundswell import Client, types
from groundswell.errors import FailedPrecondition
from groundswell.v1 import learning_pb2
from groundswell_server.experiments.jobs import check_rollouts
from groundswell_server.experiments.rollout_checks import model_steps
from groundswell_storage.database import connect
from groundswell_storage.learning import model_versions
from tests.learning.model_rows import a_version, live_ids
from tests.patience import eventually
from tests.running import RunningServer

STAGES: list[dict[str, Any]] = [{"share": 0.5, "hold": 0}, {"share": 1.0, "hold": 0}]
TYPE = "ENGAGEMENT_PREDICTOR"


@dataclass(frozen=True, slots=True)
class Registry:
    """A workspace with a live version and a candidate."""

    server: RunningServer
    client: Client
    live: str
    candidate: str

    @classmethod
    def open(cls, server: RunningServer, client: Client) -> Registry:
        """Creates the workspace with its versions."""
        live, candidate = (cls._version(server, name) for name in ("live", "candidate"))
        client.learning.promote_model(model_id=live)
        return cls(server, client, live, candidate)

    @staticmethod
    def _version(server: RunningServer, name: str, **changes: Any) -> str:
        with server.app.database.scope("default", "tester") as scope:
            return a_version(scope, name, **changes).id

    def begin(self, model_id: str = "", **design: Any) -> types.Rollout:
        design = {"stages": STAGES, "model_id": model_id or self.candidate, **design}
        return self.client.experiments.create_rollout(key="model", design=design).rollout

    def advance(self) -> types.Rollout:
        return self.client.experiments.advance_rollout(rollout_key="model", reason="all is well").rollout

    def roll_back(self) -> types.Rollout:
        return self.client.experiments.roll_back_rollout(rollout_key="model").rollout

    def at(self, state: str) -> types.Rollout:
        """Returns the rollout when its model has reached this state."""
        wanted = types.RolloutModelState.Value(f"ROLLOUT_MODEL_STATE_{state}")

        def find() -> types.Rollout | None:
            found = self.client.experiments.get_rollout(rollout_key="model").rollout
            return found if found.model.state == wanted else None

        found = eventually(find)
        assert found is not None
        return found

    def served(self) -> list[str]:
        """Returns the live versions."""
        with self.server.app.database.scope("default", "tester") as scope:
            return live_ids(scope)

    def promotions(self) -> list[str]:
        """Returns the versions that were promoted, newest first."""
        with self.server.app.database.scope("default", "tester") as scope:
            changes = model_versions.stage_history(scope, TYPE, since=scope.now.replace(year=2020))
        return [change.model_id for change in changes if change.stage == "LIVE"]

    def check(self) -> None:
        """Runs the periodic job of a worker."""
        self.server.app.database.bind()
        check_rollouts(self.server.app.database, self.server.settings)


@pytest.fixture
def registry(server: RunningServer) -> Iterator[Registry]:
    with Client(server.target) as client:
        yield Registry.open(server, client)


def test_a_version_is_promoted_for_the_last_stage_and_not_before(registry: Registry) -> None:
    begun = registry.begin()
    assert (begun.model.state, begun.model.model_type) == (
        types.ROLLOUT_MODEL_STATE_WAITING,
        types.MODEL_TYPE_ENGAGEMENT_PREDICTOR,
    )
    assert registry.served() == [registry.live]
    registry.advance()
    done = registry.at("LIVE")
    assert (done.share, done.model.previous_model_id) == (1.0, registry.live)
    assert registry.served() == [registry.candidate]
    assert [stage.reason for stage in done.stages] == ["created", "all is well"]


def test_stages_are_held_until_outcomes_are_known_by_default(registry: Registry) -> None:
    stages: list[dict[str, Any]] = [{"share": 0.5}, {"share": 0.75, "hold": timedelta(hours=24)}, {"share": 1.0}]
    assert [stage.hold.ToTimedelta().days for stage in registry.begin(stages=stages).design.stages] == [8, 1, 8]
    registry.roll_back()
    usual = registry.client.experiments.create_rollout(key="usual", design={"model_id": registry.candidate}).rollout
    assert {stage.hold.ToTimedelta().days for stage in usual.design.stages} == {8}


def test_the_hold_time_alone_promotes_no_version(registry: Registry) -> None:
    """Its stages end at once, and no prediction error is known."""
    registry.begin(reactions={"no_traffic": "ROLLOUT_REACTION_WARN"})
    registry.check()
    rollout = registry.at("WAITING")
    check = rollout.stages[-1].check
    assert (rollout.share, check.known_outcomes) == (0.5, 0.0)
    assert types.ROLLOUT_PROBLEM_NO_OUTCOMES in check.problems
    assert registry.served() == [registry.live]


def test_the_job_runs_a_rollout_from_the_first_stage_to_the_end(registry: Registry) -> None:
    registry.begin(reactions={"no_traffic": "ROLLOUT_REACTION_WARN", "no_outcomes": "ROLLOUT_REACTION_WARN"})
    registry.check()
    registry.at("LIVE")
    registry.check()
    assert registry.at("LIVE").state == types.ROLLOUT_STATE_COMPLETED
    assert registry.served() == [registry.candidate]


def test_a_rollback_restores_the_previous_version(registry: Registry) -> None:
    registry.begin()
    registry.advance()
    registry.at("LIVE")
    assert registry.roll_back().state == types.ROLLOUT_STATE_ROLLED_BACK
    registry.at("ROLLED_BACK")
    assert registry.served() == [registry.live]


def test_a_rollback_before_the_last_stage_leaves_the_registry_unchanged(registry: Registry) -> None:
    registry.begin()
    registry.roll_back()
    registry.at("ROLLED_BACK")
    assert registry.promotions() == [registry.live]


def test_a_version_that_was_promoted_since_stays_live(registry: Registry) -> None:
    registry.begin()
    registry.advance()
    registry.at("LIVE")
    third = Registry._version(registry.server, "third")
    registry.client.learning.promote_model(model_id=third)
    registry.roll_back()
    registry.at("ROLLED_BACK")
    assert registry.served() == [third]


def test_a_version_that_was_replaced_and_deleted_since_needs_no_rollback(registry: Registry) -> None:
    registry.begin()
    registry.advance()
    registry.at("LIVE")
    registry.client.learning.promote_model(model_id=registry.live)
    registry.client.learning.delete_model(model_id=registry.candidate)
    registry.roll_back()
    registry.at("ROLLED_BACK")
    assert registry.served() == [registry.live]


def test_evaluations_name_the_version_of_a_unit(registry: Registry) -> None:
    registry.begin()
    for number in range(20):
        found = registry.client.experiments.evaluate_rollout(rollout_key="model", unit=f"reader-{number}")
        assert found.model_id == (registry.candidate if found.is_on else "")


def test_a_refused_promotion_pauses_the_rollout_and_is_repeated(registry: Registry) -> None:
    weak = Registry._version(registry.server, "weak", beats_baselines=False)
    registry.begin(weak)
    registry.advance()

    def paused() -> types.Rollout | None:
        found = registry.client.experiments.get_rollout(rollout_key="model").rollout
        return found if found.state == types.ROLLOUT_STATE_PAUSED else None

    found = eventually(paused)
    assert found is not None
    assert "LearningService refuses" in found.note
    assert "baselines" in found.note
    assert (found.share, registry.served()) == (0.5, [registry.live])
    registry.client.learning.promote_model(model_id=weak, force=True)
    registry.client.experiments.resume_rollout(rollout_key="model")
    registry.advance()
    assert registry.at("LIVE").share == 1.0


def test_a_version_without_a_previous_live_one_cannot_be_rolled_back(server: RunningServer) -> None:
    with Client(server.target) as client:
        only = Registry._version(server, "only")
        registry = Registry(server, client, "", only)
        registry.begin()
        registry.advance()
        registry.at("LIVE")
        registry.roll_back()
        assert "no other version of" in registry.at("ROLLBACK_REFUSED").note
        assert registry.served() == [only]


def test_a_version_that_is_live_is_not_rolled_out(registry: Registry) -> None:
    with pytest.raises(FailedPrecondition) as refused:
        registry.begin(registry.live)
    assert refused.value.reason == "MODEL_IS_LIVE"


def test_another_server_finishes_the_step_of_a_killed_server(database_url: str) -> None:
    """The test makes the first server's call with the request id of the step; the second server repeats it."""
    with ExitStack() as opened:
        # Without LearningService no server makes the step: this one is killed after it requested the step.
        first = opened.enter_context(RunningServer(database_url, ["experiments", "operations"]))
        database = connect(database_url)
        opened.callback(database.close)
        with database.scope("default", "tester") as scope:
            live, candidate = a_version(scope, "live").id, a_version(scope, "candidate").id
        with Client(first.target) as client:
            Registry(first, client, live, candidate).begin()
            client.experiments.advance_rollout(rollout_key="model")
            with database.scope("default", "tester") as scope:
                rollout = client.experiments.get_rollout(rollout_key="model").rollout
                step = model_steps.read_step(scope, rollout.id)
        assert step is not None
        learner = opened.enter_context(RunningServer(database_url, ["learning"]))
        request = learning_pb2.PromoteModelRequest(model_id=candidate, request_id=step.request_id)
        learner.learning().PromoteModel(request)

        second = opened.enter_context(RunningServer(database_url))
        with Client(second.target) as client:
            registry = Registry(second, client, live, candidate)
            assert registry.at("LIVE").share == 1.0
            assert registry.promotions() == [candidate]


def test_a_version_that_became_live_after_the_rollback_is_rolled_back(registry: Registry) -> None:
    """One server receives LearningService's response late, after another server rolled back."""
    rollout = registry.begin()
    registry.roll_back()
    registry.client.learning.promote_model(model_id=registry.candidate)
    with registry.server.app.database.scope("default", "tester") as scope:
        model_steps.record_promotion(scope, rollout.id, registry.live)
    registry.at("ROLLED_BACK")
    eventually(lambda: registry.served() == [registry.live])


def test_the_registry_is_called_with_the_permissions_of_the_creator(server: RunningServer) -> None:
    """A rollout cannot do what its creator is no longer permitted to do."""
    with Client(server.target) as client:
        registry = Registry.open(server, client)
        registry.begin()
        with server.app.database.scope("default", "tester") as scope:
            scope.execute("UPDATE rollout SET principal = ?", ('{"role":"reader","actor":"ana","scopes":["*"]}',))
        registry.advance()
        eventually(
            lambda: "role reader may not call" in client.experiments.get_rollout(rollout_key="model").rollout.note
        )
        assert registry.served() == [registry.live]
