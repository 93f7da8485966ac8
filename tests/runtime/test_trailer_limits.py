"""Errors of any size reach the client with their code, reason and first fields."""

from __future__ import annotations

import grpc
import pytest

from groundswell_server.runtime.errors import status_of
from groundswell_storage.errors import FieldViolation, InvalidArgument, NotFound

TRAILER_BYTES = 6 * 1024


def size_on_the_wire(message: str, details: bytes) -> int:
    plain = sum(1 if 32 <= byte < 127 and byte != ord("%") else 3 for byte in message.encode())
    return plain + len(details) * 4 // 3 + 100


@pytest.mark.parametrize("text", ["x", "ü", "\U0001f525", "%"])
@pytest.mark.parametrize("count", [1, 40, 10_000])
def test_the_trailers_of_many_violations_are_small(text: str, count: int) -> None:
    error = InvalidArgument([FieldViolation(f"rows[{number}].x", text * 250) for number in range(count)])
    status = status_of(error, "a-request")
    assert size_on_the_wire(status.message, status.SerializeToString()) <= TRAILER_BYTES


def test_a_refusal_of_many_fields_names_the_first_and_counts_the_others() -> None:
    status = status_of(InvalidArgument([FieldViolation(f"rows[{number}]", "is bad") for number in range(999)]), "id")
    assert status.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert status.message.startswith("rows[0]: is bad; rows[1]: is bad")
    assert status.message.endswith("(999 fields are wrong; the last is rows[998])")
    info = next(detail for detail in status.details if detail.type_url.endswith("ErrorInfo"))
    assert b"violations_left_out" in info.value


def test_a_long_id_is_cut() -> None:
    status = status_of(NotFound("post", "p" * 100_000), "id")
    assert size_on_the_wire(status.message, status.SerializeToString()) <= TRAILER_BYTES
