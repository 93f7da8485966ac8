"""The sender of events: batches, breaks, refusals."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import grpc
import pytest

from groundswell import Cancelled, Client, InvalidArgument, types
from tests.client.loopback import LoopbackServer, always, failing, in_turn, unavailable
from tests.processes import Suite

DESIGN = {"metrics": [{"name": "click_through_rate"}], "variants": [{"key": "new"}]}
EVENTS, UNITS = 4_000, 400


def test_everything_is_durable_once_after_a_restart_in_the_middle(sqlite_url: str) -> None:
    arguments = ("--services", "experiments", "--training-workers", "0")
    with Suite(sqlite_url, *arguments) as suite, Client(suite.target, api_key="") as client:
        client.experiments.create_experiment(key="hooks", design=DESIGN)
        client.experiments.start_experiment(experiment_key="hooks")
        with client.experiments.events(batch_size=100) as events:
            for number in range(EVENTS):
                events.record("hooks", f"reader-{number % UNITS}", "click" if number % 4 == 0 else "impression")
                if number == EVENTS // 2:
                    events.flush()
                    suite.kill()
                    suite.start()
        assert events.recorded_count == EVENTS
        assert client.experiments.analyze_experiment(experiment_key="hooks").units == UNITS


def test_events_go_in_batches_with_ids_of_version_7(client: Client, loopback: LoopbackServer) -> None:
    answer = types.RecordEventsResponse(outcome=types.EventOutcome(recorded_count=1))
    loopback.answers["RecordEvents"] = always(answer)
    with client.experiments.events(batch_size=10, linger_seconds=60.0) as events:
        for number in range(25):
            events.record("hooks", f"reader-{number}", "click", value=2.0)
    sent = [one.request for one in loopback.asked]
    assert [len(request.columns.unit_indexes) for request in sent] == [10, 10, 5]
    packed = b"".join(request.columns.ids for request in sent)
    ids = [UUID(bytes=packed[start : start + 16]) for start in range(0, len(packed), 16)]
    assert len(set(ids)) == 25
    assert {id.version for id in ids} == {7}
    assert events.recorded_count == 25


def test_a_batch_that_failed_is_sent_again_as_it_was(client: Client, loopback: LoopbackServer) -> None:
    answer = types.RecordEventsResponse(outcome=types.EventOutcome(recorded_count=1))
    loopback.answers["RecordEvents"] = in_turn(always(answer), unavailable, always(answer))
    with client.experiments.events(batch_size=1) as events:
        events.record("hooks", "ana", "click")
        events.flush()
        events.record("hooks", "bo", "click")
    first, second, third = (one.request for one in loopback.asked)
    assert first.columns.units == ["ana"]
    assert second == third


def test_what_is_refused_is_remembered_with_its_reason(client: Client, loopback: LoopbackServer) -> None:
    refused = types.RefusedEvent(index=0, reason="EXPERIMENT_NOT_FOUND", message="no experiment")
    answer = types.RecordEventsResponse(outcome=types.EventOutcome(refused=[refused]))
    loopback.answers["RecordEvents"] = always(answer)
    with client.experiments.events() as events:
        events.record("nothing", "ana", "click")
    assert list(events.refused) == [refused]
    assert events.recorded_count == 0


def test_what_events_have_in_common_is_sent_once(client: Client, loopback: LoopbackServer) -> None:
    loopback.answers["RecordEvents"] = always(types.RecordEventsResponse())
    with client.experiments.events(batch_size=3, linger_seconds=60.0) as events:
        for unit in ("ana", "bo", "ana"):
            events.record("hooks", unit, "click")
        events.record("hooks", "ana", "click", value=2)
        events.record("colours", "bo", "purchase", value=0.5, event_time=datetime(1970, 1, 2, tzinfo=UTC))
        events.record("hooks", "cy", "click", event_time=datetime(1970, 1, 1, tzinfo=UTC))
    first, second = (one.request.columns for one in loopback.asked)
    assert (first.experiment_keys, first.units, first.names) == (["hooks"], ["ana", "bo"], ["click"])
    assert first.unit_indexes == [0, 1, 0]
    assert [*first.experiment_indexes, *first.name_indexes, *first.values, *first.time_micros] == []
    assert (second.experiment_keys, second.experiment_indexes) == (["hooks", "colours"], [0, 1, 0])
    assert (second.names, second.name_indexes) == (["click", "purchase"], [0, 1, 0])
    assert second.values == [2.0, 0.5, 1.0]
    assert second.time_micros == [0, 86_400_000_000, 1]


def test_a_closed_sender_takes_nothing_and_says_so(client: Client, loopback: LoopbackServer) -> None:
    with client.experiments.events() as events:
        pass
    with pytest.raises(Cancelled, match="closed"):
        events.record("hooks", "ana", "click")


def test_what_is_no_event_is_said_at_once(client: Client) -> None:
    with client.experiments.events() as events, pytest.raises(InvalidArgument):
        events.record("hooks", "ana", "click", value="much")  # type: ignore[arg-type]
    with client.experiments.events() as events, pytest.raises(InvalidArgument):
        events.record("hooks", "half a character \ud83d", "click")


def test_an_error_that_time_does_not_mend_comes_out(client: Client, loopback: LoopbackServer) -> None:
    loopback.answers["RecordEvents"] = failing(grpc.StatusCode.INVALID_ARGUMENT)
    events = client.experiments.events()
    events.record("hooks", "ana", "click")
    with pytest.raises(InvalidArgument):
        events.flush()
    with pytest.raises(InvalidArgument):
        events.close()
