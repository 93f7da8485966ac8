"""Every call has tests of its own in the folder of its service, besides the tests that walk all calls."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from groundswell.v1.services import services

TESTS = Path(__file__).parents[1]
CALLS = [(service, method.name) for service, found in services().items() for method in found.methods]


@pytest.mark.parametrize(("service", "call"), CALLS, ids=[call for _, call in CALLS])
def test_a_call_is_made_by_tests_of_its_service(service: str, call: str) -> None:
    of_the_sdk = re.sub(r"(?<!^)(?=[A-Z])", "_", call).lower()
    made = rf"\b({call}|{of_the_sdk})\b"
    assert re.search(made, texts_of(service)), f"no test in tests/{service} makes {call}"


@cache
def texts_of(service: str) -> str:
    """The source of all tests of a service."""
    return "\n".join(path.read_text() for path in sorted((TESTS / service).rglob("*.py")))
