"""The enums of Learning's answers are those of the contract."""

from __future__ import annotations

from enum import IntEnum

import pytest

from groundswell.v1 import learning_pb2 as pb
from groundswell_server.learning.enums import Association, FailureKind, PatternSource, PatternType, Priority


@pytest.mark.parametrize(
    ("enum", "contract", "prefix"),
    [
        (PatternType, pb.PatternType, "PATTERN_TYPE_"),
        (PatternSource, pb.PatternSource, "PATTERN_SOURCE_"),
        (FailureKind, pb.FailureKind, "FAILURE_KIND_"),
        (Association, pb.Association, "ASSOCIATION_"),
        (Priority, pb.Priority, "PRIORITY_"),
    ],
)
def test_names_and_numbers_are_those_of_the_contract(enum: type[IntEnum], contract: object, prefix: str) -> None:
    numbers = {name.removeprefix(prefix): number for name, number in contract.items() if number}  # type: ignore[attr-defined]
    assert {value.name: value.value for value in enum} == numbers
