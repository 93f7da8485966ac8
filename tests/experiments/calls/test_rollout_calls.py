"""Rollouts on the wire: each unit gets the same variant from every server, and problems are reported."""

from __future__ import annotations

from typing import Any

import pytest

from groundswell import Client, types
from groundswell.errors import FailedPrecondition, NotFound, PermissionDenied
from groundswell_server.experiments.jobs import check_rollouts
from groundswell_server.experiments.rollouts.stage_split import draw
from groundswell_storage.ids import uuid7
from tests.patience import eventually
from tests.running import RunningServer

UNITS = [f"reader-{number}" for number in range(400)]
CRASHES: dict[str, Any] = {
    "name": "crashes",
    "kind": "METRIC_KIND_CONVERSION",
    "direction": "METRIC_DIRECTION_DECREASE",
    "event": "crash",
}
HALF_THEN_ALL: list[dict[str, Any]] = [{"share": 0.5}, {"share": 1.0}]


def begin(client: Client, **design: Any) -> types.Rollout:
    return client.experiments.create_rollout(key="search", design={"stages": HALF_THEN_ALL, **design}).rollout


def resolve(client: Client, unit: str) -> types.EvaluateRolloutResponse:
    return client.experiments.evaluate_rollout(rollout_key="search", unit=unit)


def get(client: Client) -> types.Rollout:
    return client.experiments.get_rollout(rollout_key="search").rollout


def check(server: RunningServer) -> None:
    """Runs the periodic job of a worker."""
    server.app.database.bind()
    check_rollouts(server.app.database, server.settings)


def test_a_variant_is_computed_from_the_units_id(client: Client) -> None:
    begin(client, stages=[{"share": 0.1}, {"share": 1.0}])
    for unit in UNITS[:100]:
        answer, expected = resolve(client, unit), draw("search", unit, 0.1)
        assert (answer.is_on, answer.is_compared) == (expected.is_on, expected.is_compared)


def test_a_unit_that_is_on_stays_on_until_all_are_on(client: Client) -> None:
    begin(client, stages=[{"share": 0.05}, {"share": 0.3}, {"share": 1.0}])
    before = {unit for unit in UNITS if resolve(client, unit).is_on}
    for _ in range(2):
        client.experiments.advance_rollout(rollout_key="search", reason="all is well")
        share = get(client).share
        on = eventually(lambda at=share: _on_at(client, at))
        assert before < on
        before = on
    assert before == set(UNITS)


def _on_at(client: Client, share: float) -> set[str] | None:
    """Returns the units that are on, once the server knows this share."""
    if any(resolve(client, unit).is_on != draw("search", unit, share).is_on for unit in UNITS):
        return None
    return {unit for unit in UNITS if draw("search", unit, share).is_on}


def test_no_unit_is_on_after_a_rollback(client: Client) -> None:
    begin(client)
    assert any(resolve(client, unit).is_on for unit in UNITS[:20])
    back = client.experiments.roll_back_rollout(rollout_key="search", reason="it is slow").rollout
    assert (back.state, back.share, back.note) == (types.ROLLOUT_STATE_ROLLED_BACK, 0.0, "it is slow")
    eventually(lambda: not any(resolve(client, unit).is_on for unit in UNITS[:20]))
    assert not resolve(client, UNITS[0]).is_compared


def test_two_servers_evaluate_alike_and_count_together(database_url: str) -> None:
    with (
        RunningServer(database_url) as one,
        RunningServer(database_url) as other,
        Client(one.target) as here,
        Client(other.target) as there,
    ):
        begin(here, metrics=[CRASHES])
        here_on = [resolve(here, unit).is_on for unit in UNITS]
        assert here_on == [resolve(there, unit).is_on for unit in UNITS]

        here.experiments.advance_rollout(rollout_key="search")
        eventually(lambda: all(resolve(there, unit).is_on for unit in UNITS))

        def seen() -> int:
            check(one)
            return get(there).stages[-1].check.new_units

        eventually(lambda: seen() == len(UNITS))
        assert get(there).stages[-1].check.crossed_count == 0


def test_a_broken_guardrail_is_found_by_the_job_and_rolls_back(client: Client, shared_server: RunningServer) -> None:
    """A rollback by a guardrail, from the events to the old variant for all units."""
    begin(client, metrics=[CRASHES], expected_units=400)
    on = {unit: resolve(client, unit).is_on for unit in UNITS}
    crashed = [unit for number, unit in enumerate(UNITS) if number % 10 == 0 or (on[unit] and number % 3 == 0)]
    events = [{"id": uuid7(), "experiment_key": "search", "unit": unit, "name": "crash"} for unit in crashed]
    assert client.experiments.record_events(events=events).outcome.recorded_count == len(crashed)
    check(shared_server)

    found = get(client)
    assert found.state == types.ROLLOUT_STATE_ROLLED_BACK
    assert "the guardrail crashes is broken" in found.note
    seen = found.stages[0].check
    assert (seen.new_units, seen.old_units) == (sum(on.values()), len(UNITS) - sum(on.values()))
    (crashes,) = seen.metrics
    assert crashes.new_mean == pytest.approx(sum(on[unit] for unit in crashed) / sum(on.values()))
    assert crashes.harm_p_value < crashes.threshold
    refused = client.experiments.record_events(events=[{**events[0], "id": uuid7()}]).outcome.refused
    assert [one.reason for one in refused] == ["EXPERIMENT_STATE_INVALID"]


def test_the_defaults_are_filled_in(client: Client) -> None:
    made = client.experiments.create_rollout(key="search").rollout
    assert [stage.share for stage in made.design.stages] == [0.01, 0.05, 0.10, 0.25, 0.50, 1.00]
    assert {stage.hold.ToTimedelta().total_seconds() for stage in made.design.stages} == {86400}
    hold, warn = types.ROLLOUT_REACTION_HOLD, types.ROLLOUT_REACTION_WARN
    reactions = made.design.reactions
    assert (reactions.sample_ratio_mismatch, reactions.no_traffic, reactions.crossed_units) == (hold, hold, warn)
    assert reactions.no_outcomes == hold
    assert (made.design.confidence_level, made.design.expected_units) == (0.95, 10_000)
    assert not made.HasField("model")


def test_pages_of_rollouts_come_newest_first(client: Client) -> None:
    for key in ("a", "b", "c"):
        client.experiments.create_rollout(key=key)
    client.experiments.pause_rollout(rollout_key="b")
    assert [one.key for one in client.experiments.list_rollouts(page_size=2)] == ["c", "b", "a"]
    paused = client.experiments.list_rollouts(state="ROLLOUT_STATE_PAUSED")
    assert [one.key for one in paused] == ["b"]


def test_a_rollout_is_not_found_as_an_experiment(client: Client) -> None:
    begin(client)
    with pytest.raises(NotFound):
        client.experiments.assign_variant(experiment_key="search", unit="ana")
    with pytest.raises(NotFound):
        client.experiments.get_experiment(experiment_key="search")
    assert list(client.experiments.list_experiments()) == []


def test_a_state_that_does_not_allow_it_is_named(client: Client) -> None:
    begin(client)
    with pytest.raises(FailedPrecondition) as refused:
        client.experiments.resume_rollout(rollout_key="search")
    assert (refused.value.reason, refused.value.metadata["state"]) == ("ROLLOUT_STATE_INVALID", "RUNNING")


def test_a_key_that_cannot_promote_models_cannot_roll_out_a_model(shared_server: RunningServer) -> None:
    _, token = shared_server.key("limited", "writer", ["experiments.write"])
    with Client(shared_server.target, api_key=token.removeprefix("Bearer ")) as limited:
        begin(limited)
        with pytest.raises(PermissionDenied) as refused:
            limited.experiments.create_rollout(key="model", design={"model_id": "01890a5d-ac96-774b-bcce-b302099a8057"})
    assert refused.value.metadata["needs"] == "learning.write"
