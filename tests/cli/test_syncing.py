"""`groundswell sync`: what is typed is what is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from typer.testing import CliRunner

import groundswell
from groundswell.v1.engagement_pb2 import SyncReport
from groundswell_server.cli.application import application

MIRA = "0197c0de-0000-7000-8000-000000000001"


class Server:
    """Takes the call, says what was asked, and has synced two posts; it stands for client, service and operation."""

    def __init__(self) -> None:
        self.engagement, self.asked = self, {}

    def sync_posts(self, **asked: Any) -> Server:
        self.asked = asked
        return self

    def result(self, *, progress: object) -> SyncReport:
        return SyncReport(synced_count=2)


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ([], {"hours": 24, "platforms": [], "persona_ids": [], "include_overdue": False}),
        (
            ["--overdue", "--hours", "6", "--platform", "tiktok", "--platform", "twitter", "--persona", MIRA],
            {
                "hours": 6,
                "platforms": ["PLATFORM_TIKTOK", "PLATFORM_TWITTER"],
                "persona_ids": [MIRA],
                "include_overdue": True,
            },
        ),
    ],
)
def test_it_asks_for_what_is_typed(monkeypatch: pytest.MonkeyPatch, typed: list[str], asked: dict[str, object]) -> None:
    server = Server()

    @contextmanager
    def connect(*_: object, **__: object) -> Iterator[Server]:
        yield server

    monkeypatch.setattr(groundswell, "Client", connect)
    done = CliRunner().invoke(application, ["sync", *typed])
    assert done.exit_code == 0, done.output
    assert "2 synced" in done.output
    assert server.asked == asked
