"""kill -9 of the server, and of the sender, in the middle of a stream of events: every count is exact."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from groundswell import Client
from tests.processes import Suite

EVENTS, BATCH, UNITS = 20_000, 250, 3_000
DESIGN = {
    "metrics": [{"name": "click_through_rate"}, {"name": "conversion_rate"}],
    "variants": [{"key": "new"}],
    "min_runtime": 0,
}


def event(number: int) -> dict[str, Any]:
    """The same event for the same number, whoever sends it: a click for every fourth impression of a unit."""
    id = UUID(int=(0x0197 << 112) | (7 << 76) | (2 << 62) | number)
    unit, name = f"reader-{number // 5 % UNITS}", "click" if number % 5 == 4 else "impression"
    return {"id": str(id), "experiment_key": "hooks", "unit": unit, "name": name}


def batches(begin: int = 0) -> Iterator[dict[str, Any]]:
    for sequence in range(begin, EVENTS // BATCH):
        first = sequence * BATCH
        yield {"sequence": sequence, "events": [event(number) for number in range(first, first + BATCH)]}


def send(target: str) -> None:
    """The sender that is killed: says each sequence that was acknowledged."""
    with Client(target, api_key="") as client:
        for answer in client.experiments.stream_events(batches()):
            sys.stdout.write(f"{answer.sequence}\n")
            sys.stdout.flush()


def counts(client: Client) -> tuple[int, float]:
    """Units, and all clicks over all impressions."""
    look = client.experiments.analyze_experiment(experiment_key="hooks")
    arms = look.metrics[0].variants
    return look.units, sum(arm.mean * arm.units for arm in arms) / max(look.units, 1)


@pytest.mark.parametrize("victim", ["server", "sender"])
def test_a_stream_that_is_killed_loses_nothing_acknowledged_and_doubles_nothing(database_url: str, victim: str) -> None:
    with Suite(database_url, "--services", "experiments", "--training-workers", "0") as suite:
        with Client(suite.target, api_key="") as client:
            client.experiments.create_experiment(key="hooks", design=DESIGN)
            client.experiments.start_experiment(experiment_key="hooks")
        command = [sys.executable, "-m", "tests.reliability.test_event_streams", suite.target]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as sender:
            assert sender.stdout is not None
            acknowledged = [int(sender.stdout.readline()) for _ in range(20)][-1]
            suite.kill() if victim == "server" else sender.kill()
            with contextlib.suppress(ValueError):
                acknowledged = max([acknowledged, *map(int, sender.stdout.read().split())])
            sender.kill()
        if victim == "server":
            suite.start()
        with Client(suite.target, api_key="") as client:
            again = {answer.sequence: answer.outcome for answer in client.experiments.stream_events(batches())}
            kept = [sequence for sequence, outcome in again.items() if outcome.recorded_count == 0]
            assert kept == list(range(len(kept))), "batches are there as a whole or not at all"
            assert len(kept) > acknowledged, "what was acknowledged is there"
            assert counts(client) == (UNITS, pytest.approx(0.25))
            look = client.experiments.analyze_experiment(experiment_key="hooks")
            assert look.metrics[1].variants[0].mean == 0.0


if __name__ == "__main__":
    send(sys.argv[1])
