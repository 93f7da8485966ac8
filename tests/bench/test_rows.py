"""The benchmarks can be run: none is missing from the list, and those without a server return rows at small sizes."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Iterator
from importlib import import_module

import pytest

from tests.bench import rows
from tests.bench.rows import analysis, events, monitoring, training
from tests.bench.stage import Stage
from tests.bench.table import Measure


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Stage() as stage:
        yield stage


def test_every_benchmark_is_in_a_list() -> None:
    modules = [import_module(f"{rows.__name__}.{found.name}") for found in pkgutil.iter_modules(rows.__path__)]
    measures = {
        function
        for module in modules
        for name, function in inspect.getmembers(module, inspect.iscoroutinefunction)
        if function.__module__ == module.__name__ and list(inspect.signature(function).parameters) == ["stage"]
    }
    assert measures == {*rows.ALL, *rows.ALONE}


@pytest.mark.parametrize("measure", [monitoring.drift, training.training, events.record_events_of_experiments])
async def test_benchmarks_without_a_server_return_rows(
    measure: Measure, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monitoring, "STREAMS", 2)
    monkeypatch.setattr(training, "LIMITS", {100: 2.0})
    monkeypatch.setattr(training, "EXAMPLES", {"SPAM_DETECTOR": training.comments})
    monkeypatch.setattr(events, "BATCHES", 2)
    monkeypatch.setattr(events, "UNITS", 2_000)
    found = await measure(stage)
    assert found
    assert all(row.work and row.measured and row.target for row in found)


def test_events_for_analysis_are_recorded(stage: Stage) -> None:
    analysis.record(f"sqlite:///{stage.folder / 'events.db'}", analysis.FEWEST)
