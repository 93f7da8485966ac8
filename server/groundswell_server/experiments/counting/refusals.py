"""Which events can't be recorded, and why: asked of the batch as a whole first, for nearly always none is refused."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime

from groundswell_server.experiments.catalog.assigner import Assigner
from groundswell_server.experiments.catalog.metric_events import CLOCK_TOLERANCE, KNOWN
from groundswell_server.experiments.counting.events import Events, are_uuid7
from groundswell_server.experiments.counting.outcomes import Refusal
from groundswell_server.experiments.lifecycle import State
from groundswell_storage.fields import from_micros, to_micros

_EARLIEST = to_micros(datetime(1900, 1, 1, tzinfo=UTC))
_LONGEST_UNIT = 200
_LARGEST_VALUE = 1e9
"""Up or down. One value that is larger by far than all others spoils a sum of squares for good."""


class _Refused(Exception):
    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def refusals(events: Events, assigners: Mapping[str, Assigner], now: datetime, least_id: bytes) -> list[Refusal]:
    """The events that can't be recorded.

    `assigners` are the experiments that were started, by key; ids below `least_id` are kept no longer.
    """
    latest = to_micros(now + CLOCK_TOLERANCE)
    if _are_all_right(events, assigners, latest, least_id):
        return []
    found = []
    for position, place in enumerate(events.places):
        try:
            _check(events, position, assigners, latest, least_id)
        except _Refused as error:
            found.append(Refusal(place, error.reason, str(error)))
    return found


def _are_all_right(events: Events, assigners: Mapping[str, Assigner], latest: int, least_id: bytes) -> bool:
    """Whether certainly none is refused."""
    units = "".join(events.units)
    return (
        not events.astray
        and are_uuid7(events.ids)
        and (not least_id or min(events.ids) >= least_id)
        and all(events.units)
        and (len(units) <= _LONGEST_UNIT or max(map(len, events.units)) <= _LONGEST_UNIT)
        and "\0" not in units
        # What is no number makes the sum none, and is passed over by the others.
        and math.isfinite(sum(events.values))
        and min(events.values) >= -_LARGEST_VALUE
        and max(events.values) <= _LARGEST_VALUE
        and min(events.times) >= max((one.begins for one in assigners.values()), default=_EARLIEST)
        and max(events.times) <= latest
        and all(_takes(assigners.get(key), name) for key, name in events.kinds())
    )


def _takes(assigner: Assigner | None, name: str) -> bool:
    return assigner is not None and _counts(assigner) and (name in KNOWN or name in assigner.feeds)


def _counts(assigner: Assigner) -> bool:
    return assigner.state in (State.RUNNING, State.PAUSED)


def _check(events: Events, position: int, assigners: Mapping[str, Assigner], latest: int, least_id: bytes) -> None:
    """Raises what is wrong with one event."""
    key, unit, name = events.experiment_keys[position], events.units[position], events.names[position]
    astray = events.astray.get(events.places[position])
    if astray is not None:
        raise _Refused("EVENT_INVALID", astray)
    _check_id(events.ids[position], least_id)
    if not 0 < len(unit) <= _LONGEST_UNIT or "\0" in unit:
        raise _Refused("EVENT_INVALID", f"the unit needs 1 to {_LONGEST_UNIT} characters, none of them NUL")
    assigner = assigners.get(key)
    if assigner is None:
        raise _Refused("EXPERIMENT_NOT_FOUND", f"no experiment {key[:100]!r} was started")
    if not _counts(assigner):
        raise _Refused("EXPERIMENT_STATE_INVALID", f"experiment {assigner.key!r} is {assigner.state.name}")
    if not _takes(assigner, name):
        raise _Refused("EVENT_NAME_UNKNOWN", f"no metric of {assigner.key!r} takes {name[:100]!r}")
    if not abs(events.values[position]) <= _LARGEST_VALUE:  # nor is it when it is no number
        raise _Refused("EVENT_INVALID", f"the value has to be a number of {_LARGEST_VALUE:,.0f} at most, up or down")
    if events.times[position] > latest:
        raise _Refused("EVENT_INVALID", "the time is in the future")
    if events.times[position] < _EARLIEST:
        raise _Refused("EVENT_INVALID", "the time is before the year 1900")
    if events.times[position] < assigner.begins and name not in assigner.covariates:
        raise _Refused("EVENT_INVALID", f"the time is before {assigner.key!r} began: no outcome of it")


def _check_id(id: bytes, least_id: bytes) -> None:
    if not are_uuid7([id]):
        raise _Refused("EVENT_ID_INVALID", "the id has to be a UUID of version 7, made by the client")
    if id < least_id:
        since = from_micros(1000 * int.from_bytes(least_id, "big"))
        message = f"the id was made before {since:%Y-%m-%d %H:%M}: whether it was counted is known no more"
        raise _Refused("EVENT_TOO_OLD", message)
