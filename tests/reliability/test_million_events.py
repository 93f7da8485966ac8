"""kill -9 of the server, of the sender, and of both, in the middle of a million events: every count is exact."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from groundswell import Client
from groundswell_storage.database import connect
from groundswell_storage.experiments import keys, unit_counts
from groundswell_storage.experiments.designs import ExperimentRow
from tests.processes import Suite

EVENTS, BATCH, UNITS = 1_000_000, 1000, 20_000
BATCHES = EVENTS // BATCH
KILLS = {250: "server", 500: "sender", 750: "server and sender"}
"""Who is killed once so many batches are acknowledged."""
DESIGN = {"metrics": [{"name": "click_through_rate"}], "variants": [{"key": "new"}], "min_runtime": 0}


def batches(begin: int) -> Iterator[dict[str, Any]]:
    """The same events for the same sequence, whoever sends them: a click after four impressions of a unit."""
    for sequence in range(begin, BATCHES):
        numbers = range(sequence * BATCH, (sequence + 1) * BATCH)
        units = [number // 5 % UNITS for number in numbers]
        places = {unit: place for place, unit in enumerate(dict.fromkeys(units))}
        columns = {
            "ids": b"".join(((0x0197 << 112) | (7 << 76) | (2 << 62) | number).to_bytes(16) for number in numbers),
            "experiment_keys": ["hooks"],
            "units": [f"reader-{unit}" for unit in places],
            "unit_indexes": [places[unit] for unit in units],
            "names": ["impression", "click"],
            "name_indexes": [int(number % 5 == 4) for number in numbers],
        }
        yield {"sequence": sequence, "columns": columns}


def send(target: str, begin: int) -> None:
    """The sender: says each sequence that was acknowledged, as soon as it was."""
    with Client(target, api_key="") as client:
        for answer in client.experiments.stream_events(batches(begin)):
            outcome = answer.outcome
            assert outcome.recorded_count + outcome.duplicate_count == BATCH
            sys.stdout.write(f"{answer.sequence}\n")
            sys.stdout.flush()


def sent_until(suite: Suite, begin: int, last: int, victims: str) -> int:
    """Sends from a batch on, kills once `last` is acknowledged; the last batch that was acknowledged by then."""
    command = [sys.executable, "-m", "tests.reliability.test_million_events", suite.target, str(begin)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as sender:
        assert sender.stdout is not None
        acknowledged = begin - 1
        for line in sender.stdout:
            with suppress(ValueError):  # cut off by the kill
                acknowledged = int(line)
            if acknowledged == last:
                if "server" in victims:
                    suite.kill()
                if "sender" in victims:
                    sender.kill()
        sender.kill()
    if "server" in victims:
        suite.start()
    return acknowledged


@pytest.mark.million
@pytest.mark.timeout(1200)
def test_a_million_events_are_counted_exactly_whoever_is_killed(database_url: str) -> None:
    with Suite(database_url, "--services", "experiments", "--training-workers", "0") as suite:
        with Client(suite.target, api_key="") as client:
            client.experiments.create_experiment(key="hooks", design=DESIGN)
            client.experiments.start_experiment(experiment_key="hooks")
        begin = 0
        for last, victims in KILLS.items():
            acknowledged = sent_until(suite, begin, last, victims)
            assert acknowledged >= last
            # Some that were acknowledged come again too.
            begin = acknowledged + 1 - 50
        assert sent_until(suite, begin, BATCHES - 1, "") == BATCHES - 1
        with Client(suite.target, api_key="") as client:
            assert client.experiments.analyze_experiment(experiment_key="hooks").units == UNITS
    database = connect(database_url)
    with database.scope("default") as scope:
        assert scope.execute("SELECT count(*) FROM experiment_event").fetchone()[0] == EVENTS
        sums = unit_counts.read_sums(scope, keys.get(scope, ExperimentRow, "hooks").number)
    clicks, impressions = (sum(values[place] for values in sums.values()) for place in (0, 1))
    assert (clicks, impressions) == (EVENTS / 5, EVENTS * 4 / 5)
    database.close()


if __name__ == "__main__":
    send(sys.argv[1], int(sys.argv[2]))
