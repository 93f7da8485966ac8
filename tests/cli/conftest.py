"""A shell, and a suite that runs beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.shell import Shell
from tests.processes import Suite


@pytest.fixture
def shell(tmp_path: Path, sqlite_url: str) -> Shell:
    return Shell(tmp_path, sqlite_url)


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suite]:
    """A running suite that asks for keys."""
    url = f"sqlite:///{tmp_path_factory.mktemp('cli') / 'groundswell.db'}"
    settings = {"GROUNDSWELL_REQUIRE_KEYS": "true", "GROUNDSWELL_LOG_LEVEL": "error"}
    with Suite(url, "--training-workers", "0", **settings) as running:
        yield running


@pytest.fixture
def beside(suite: Suite, tmp_path: Path) -> Shell:
    """A shell on the database of the running suite."""
    return Shell(tmp_path, suite.database_url)
