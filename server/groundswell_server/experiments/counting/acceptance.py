"""Hand-written acceptance of batches of events: True only for what the contract's rules accept.

It saves their evaluation, which would walk all events. Whatever it does not accept is given to the rules, so it may be
stricter than they are and never laxer; a property test holds it to that.
"""

from __future__ import annotations

from typing import Any

MOST_EVENTS = 10_000
_ID_BYTES = 16


def accepts_record(request: Any) -> bool:
    """Whether a RecordEventsRequest is certainly valid."""
    if request.HasField("columns"):
        return not request.events and _accepts_columns(request.columns)
    return 0 < len(request.events) <= MOST_EVENTS


def accepts_stream(request: Any) -> bool:
    """Whether a StreamEventsRequest is certainly valid."""
    return request.sequence >= 0 and accepts_record(request)


def _accepts_columns(columns: Any) -> bool:
    count, rest = divmod(len(columns.ids), _ID_BYTES)
    optional = (columns.experiment_indexes, columns.name_indexes, columns.values, columns.time_micros)
    return (
        0 < count <= MOST_EVENTS
        and not rest
        and len(columns.unit_indexes) == count
        and all(len(column) in (0, count) for column in optional)
    )
