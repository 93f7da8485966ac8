"""Hand-written validation of the hottest requests: it returns True only for requests that the contract accepts.

It saves the evaluation of the contract's rules, which costs more than an assignment and would walk through all events
of a batch. A request that it does not accept is validated by the rules. It may therefore be stricter than the rules,
but never more lenient; a property test verifies this.
"""

from __future__ import annotations

from typing import Any

MAX_EVENTS = 10_000
_ID_BYTES = 16
_MAX_KEY_LENGTH, _MAX_UNIT_LENGTH = 100, 200
_MAX_REQUESTS = 1000


def accepts_assign(request: Any) -> bool:
    """Returns True for an AssignVariantRequest or an EvaluateVariantRequest that is certainly valid."""
    key, unit = request.experiment_key, request.unit
    return (
        0 < len(key) <= _MAX_KEY_LENGTH and 0 < len(unit) <= _MAX_UNIT_LENGTH and "\0" not in key and "\0" not in unit
    )


def accepts_assign_all(request: Any) -> bool:
    """Returns True for a BatchAssignVariantsRequest that is certainly valid."""
    requests = request.requests
    return 0 < len(requests) <= _MAX_REQUESTS and all(map(accepts_assign, requests))


def accepts_record(request: Any) -> bool:
    """Returns True for a RecordEventsRequest that is certainly valid."""
    if request.HasField("columns"):
        return not request.events and _accepts_columns(request.columns)
    return 0 < len(request.events) <= MAX_EVENTS


def accepts_stream(request: Any) -> bool:
    """Returns True for a StreamEventsRequest that is certainly valid."""
    return request.sequence >= 0 and accepts_record(request)


def _accepts_columns(columns: Any) -> bool:
    count, rest = divmod(len(columns.ids), _ID_BYTES)
    optional = (columns.experiment_indexes, columns.name_indexes, columns.values, columns.time_micros)
    return (
        0 < count <= MAX_EVENTS
        and not rest
        and len(columns.unit_indexes) == count
        and all(len(column) in (0, count) for column in optional)
    )
