"""Targeted experiments, whose units no event can enrol: after an answer their events count on every server."""

from __future__ import annotations

from typing import Any

import pytest

from groundswell import Client, types
from groundswell_server.experiments.counting import exposures
from groundswell_server.experiments.counting.count_notifier import CountNotifier
from groundswell_storage.ids import uuid7
from tests.running import RunningServer

DESIGN: dict[str, Any] = {
    "metrics": [{"name": "conversion_rate"}],
    "variants": [{"key": "plain", "is_control": True}, {"key": "question"}],
    "targeting": {"equals": {"attribute": "country", "value": {"text": "CH"}}},
}


@pytest.fixture(autouse=True)
def nothing_is_written_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Writes that are not durable when a call answers stay so for the rest of the test."""
    monkeypatch.setattr(exposures, "GATHER_SECONDS", 3600.0)
    monkeypatch.setattr(CountNotifier, "note", lambda *_: None)


def asked(unit: str, country: str = "CH") -> dict[str, Any]:
    return {"experiment_key": "hooks", "unit": unit, "attributes": {"country": country}}


def record(client: Client, units: list[str]) -> types.EventOutcome:
    events = [{"id": uuid7(), "experiment_key": "hooks", "unit": unit, "name": "conversion"} for unit in units]
    return client.experiments.record_events(events=events).outcome


def test_events_count_on_another_server_after_the_assignment(server: RunningServer, database_url: str) -> None:
    with RunningServer(database_url) as other, Client(server.target) as here, Client(other.target) as there:
        here.experiments.create_experiment(key="hooks", design=DESIGN)
        here.experiments.start_experiment(experiment_key="hooks")
        assert here.experiments.assign_variant(**asked("ana")).assignment.is_enrolled
        batch = [*map(asked, ("ana", "bo", "cy")), asked("dan", "AT")]
        results = here.experiments.batch_assign_variants(requests=batch).assignments
        assert [answer.is_enrolled for answer in results] == [True, True, True, False]

        outcome = record(there, ["ana", "bo", "cy", "dan", "eve"])
        assert outcome.recorded_count == 3
        assert [(one.index, one.reason) for one in outcome.refused] == [
            (3, "UNIT_NOT_ENROLLED"),
            (4, "UNIT_NOT_ENROLLED"),
        ]
        assert there.experiments.analyze_experiment(experiment_key="hooks").units == 3
