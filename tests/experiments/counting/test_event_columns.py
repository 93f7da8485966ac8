"""Events in columns: equal to events in rows; unreadable ones are refused by position."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.v1 import experiments_pb2 as pb
from groundswell_server.experiments import messages
from groundswell_server.experiments.counting.events import are_uuid7, ids_of_texts
from groundswell_server.experiments.messages.fast_accept import MAX_EVENTS, accepts_record, accepts_stream
from tests.rules import refused

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
NOW_MICROS = 1_777_896_000_000_000
IDS = [f"018f5b9e-7c3a-7b2e-9d4f-0a1b2c3d4e{last}" for last in ("5f", "60", "a1")]
PACKED = b"".join(UUID(id).bytes for id in IDS)


def read(**columns: Any) -> Any:
    return messages.events_in(pb.RecordEventsRequest(columns=pb.EventColumns(**columns)), NOW)


def test_columns_are_equal_to_rows() -> None:
    rows: list[dict[str, Any]] = [
        {"id": IDS[0], "experiment_key": "hooks", "unit": "ana", "name": "click"},
        {"id": IDS[1], "experiment_key": "colours", "unit": "bo", "name": "purchase", "value": 3.5},
        {"id": IDS[2], "experiment_key": "hooks", "unit": "ana", "name": "purchase", "value": 0.0},
    ]
    rows[1]["event_time"] = datetime(2026, 5, 4, 11, tzinfo=UTC)
    found = read(
        ids=PACKED,
        experiment_keys=["hooks", "colours"],
        experiment_indexes=[0, 1, 0],
        units=["ana", "bo"],
        unit_indexes=[0, 1, 0],
        names=["click", "purchase"],
        name_indexes=[0, 1, 1],
        values=[1.0, 3.5, 0.0],
        time_micros=[0, NOW_MICROS - 3_600_000_000, 0],
    )
    same = messages.events_in(pb.RecordEventsRequest(events=[pb.ExperimentEvent(**row) for row in rows]), NOW)
    assert [list(column) for column in found] == [list(column) for column in same]


def test_columns_that_are_left_out_are_the_same_for_all() -> None:
    found = read(ids=PACKED, experiment_keys=["hooks"], units=["ana"], names=["click"], unit_indexes=[0, 0, 0])
    assert (found.experiment_keys, found.names) == (["hooks"] * 3, ["click"] * 3)
    assert (found.values, found.times) == ([1.0] * 3, [NOW_MICROS] * 3)


def test_an_index_outside_its_dictionary_is_refused() -> None:
    found = read(ids=PACKED, experiment_keys=["hooks"], units=["ana"], names=["click"], unit_indexes=[0, 1, -1])
    assert found.units == ["ana", "", ""]
    assert found.unreadable == {
        number: f"an index into units must be below 1, got {index}" for number, index in [(1, 1), (2, -1)]
    }
    nameless = read(ids=PACKED, experiment_keys=["hooks"], units=["ana"], unit_indexes=[0, 0, 0])
    assert nameless.unreadable[2] == "an index into names must be below 0, got 0"


@pytest.mark.parametrize(
    ("text", "is_id"),
    [
        (IDS[0], True),
        (IDS[0].upper(), True),
        ("6f1a3c1e-1c1b-4f0e-9a59-0a4d1f6f4a11", False),
        (IDS[0].replace("-", ""), False),
        ("", False),
        (f"{{{IDS[0]}}}", False),
        (IDS[0][:-2] + " 0", False),
        (IDS[0][:19] + "c" + IDS[0][20:], False),
    ],
)
def test_an_id_is_a_uuid_of_version_7(text: str, is_id: bool) -> None:
    found = ids_of_texts([IDS[1], text])
    assert found[0] == UUID(IDS[1]).bytes
    assert are_uuid7(found[1:]) is is_id
    assert not is_id or found[1] == UUID(text).bytes


counts = st.sampled_from([0, 1, 2, 3])
columns = st.builds(
    pb.EventColumns,
    ids=st.sampled_from([0, 15, 16, 32, 16 * MAX_EVENTS + 16]).map(bytes),
    unit_indexes=counts.map(range),
    experiment_indexes=counts.map(range),
    name_indexes=counts.map(range),
    values=counts.map(lambda count: [1.0] * count),
    time_micros=counts.map(range),
)
events = st.sampled_from([0, 1, MAX_EVENTS, MAX_EVENTS + 1]).map(lambda count: [pb.ExperimentEvent()] * count)


@settings(deadline=None, max_examples=60)
@given(events=events, columns=st.one_of(st.none(), columns), sequence=st.integers(-1, 1))
def test_the_fast_path_accepts_what_the_rules_accept(
    events: list[pb.ExperimentEvent], columns: pb.EventColumns | None, sequence: int
) -> None:
    for request, accepted in (
        (record := pb.RecordEventsRequest(events=events, columns=columns), accepts_record(record)),
        (stream := pb.StreamEventsRequest(events=events, columns=columns, sequence=sequence), accepts_stream(stream)),
    ):
        assert accepted is not refused(request)
