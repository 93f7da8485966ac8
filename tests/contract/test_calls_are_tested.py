"""Every call is named by a test that is about it, besides the tests that walk all calls."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from contract import snake_case
from tests.wire import METHODS

TESTS = Path(__file__).parents[1]
WALKS = ("contract", "tenancy", "fuzz", "bench", "simulate", "structure")
"""Folders whose tests walk all calls, or are none."""


@cache
def tests_by_name() -> str:
    """The text of all tests that are about something by name."""
    texts = [path for path in TESTS.rglob("test_*.py") if path.relative_to(TESTS).parts[0] not in WALKS]
    return "\n".join(path.read_text() for path in texts)


@pytest.mark.parametrize("name", METHODS)
def test_it_is_tested_by_name(name: str) -> None:
    assert re.search(rf"\b({name}|{snake_case(name)})\b", tests_by_name()), f"no test is about {name}"
