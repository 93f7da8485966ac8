"""What a server loads before it answers: nothing heavy, and no service that was not called."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from groundswell_storage import schema

PROGRAM = """
import sys
import groundswell_server.app
from importlib import import_module
from groundswell_server.services.registry import SERVICES
for name in SERVICES:
    import_module(f"groundswell_server.{name}.service")
heavy = {"numpy", "scipy", "sklearn", "onnxruntime", "skl2onnx", "joblib", "matplotlib", "datasketch", "jwt", "huey"}
print(*sorted(heavy & set(sys.modules)))
"""


def test_a_server_starts_without_the_libraries_that_are_only_needed_later() -> None:
    loaded = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True).stdout.split()
    assert loaded == []


def test_the_command_line_starts_without_the_sdk() -> None:
    program = "import sys, groundswell.cli.application; print('groundswell.client' in sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()
    assert loaded == "False"


CALLS = """
import asyncio, sys
import grpc
from groundswell.v1 import experiments_pb2, experiments_pb2_grpc
from groundswell_server.app import App
from groundswell_server.services.registry import SERVICES
from groundswell_server.observability import logs
from groundswell_server.settings import Settings
from groundswell_storage.ids import uuid7

def loaded():
    return [name for name in SERVICES if f"groundswell_server.{name}.service" in sys.modules]

async def main():
    app = App(Settings(database_url=sys.argv[1], port=0))
    await app.start()
    print(*loaded())
    async with grpc.aio.insecure_channel(f"127.0.0.1:{app.port}") as channel:
        stub = experiments_pb2_grpc.ExperimentsServiceStub(channel)
        event = experiments_pb2.ExperimentEvent(
            id=uuid7(), experiment_key="none", unit="u", name="click"
        )
        stream = stub.StreamEvents(iter([experiments_pb2.StreamEventsRequest(sequence=7, events=[event])]))
        unary = stub.ListExperiments(experiments_pb2.ListExperimentsRequest())
        print(*[response.sequence async for response in stream], len((await unary).experiments))
    print(*loaded())
    await app.complete()
    print(*loaded())
    await app.stop()

logs.configure(format="json", level="error")
asyncio.run(main())
"""


def test_a_service_is_loaded_by_its_first_call_or_after_the_start(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CALLS, f"sqlite:///{tmp_path / 'start.db'}"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert lines == ["", "7 0", "experiments", "engagement learning experiments operations"]


MIGRATING = """
import asyncio, sys
from groundswell_server.app import App
from groundswell_server.observability import logs
from groundswell_server.settings import Settings

async def main():
    app = App(Settings(database_url=sys.argv[1], port=0))
    await app.start()
    await app.stop()

logs.configure(format="json", level=sys.argv[2])
asyncio.run(main())
"""


def test_a_first_start_says_in_one_line_that_it_migrated(tmp_path: Path) -> None:
    def lines(url: str, level: str) -> list[dict[str, str]]:
        command = [sys.executable, "-c", MIGRATING, url, level]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
        return [json.loads(line) for line in said.splitlines() if line.startswith("{")]

    def migrations(said: list[dict[str, str]]) -> list[str]:
        return [line["event"].removeprefix("up: ") for line in said if line.get("logger") == "peewee.migrations"]

    first = lines(f"sqlite:///{tmp_path / 'first.db'}", "info")
    (told,) = (line for line in first if line["event"] == "database migrated")
    assert (told["from"], told["to"]) == ("nothing", schema.known()[-1])
    assert migrations(first) == []
    assert [line for line in lines(f"sqlite:///{tmp_path / 'first.db'}", "info") if "migrated" in line["event"]] == []
    assert migrations(lines(f"sqlite:///{tmp_path / 'second.db'}", "debug")) == schema.known()
