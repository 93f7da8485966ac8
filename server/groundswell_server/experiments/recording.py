"""Recording events: each once, for the arm that its unit stands in, in one transaction with the sums it changes."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from groundswell_server.experiments.assignment import Assigner, Reason
from groundswell_server.experiments.enrolment import enrol
from groundswell_server.experiments.feeds import KNOWN, contribution
from groundswell_server.experiments.lifecycle import State
from groundswell_storage.experiments import counting
from groundswell_storage.experiments.counting import Exposure, Occurrence, Total
from groundswell_storage.scope import Scope

_AHEAD = timedelta(minutes=5)
"""How far a client's clock may be ahead."""


class EventDraft(NamedTuple):
    """An event as it was sent."""

    place: int
    """In the batch, from 0."""
    id: str
    experiment_key: str
    unit: str
    name: str
    value: float
    time: datetime | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """An event that was not recorded."""

    index: int
    event_id: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a batch."""

    recorded_count: int
    duplicate_count: int
    refused: tuple[Refusal, ...]


class _Refused(Exception):
    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def record_events(scope: Scope, assigners: Mapping[str, Assigner], events: Sequence[EventDraft]) -> Outcome:
    """Records a batch; `assigners` are the experiments that were started, by key."""
    refused: list[Refusal] = []
    accepted: dict[str, list[EventDraft]] = defaultdict(list)
    for event in events:
        try:
            _check(event, assigners.get(event.experiment_key), scope.now)
        except _Refused as error:
            refused.append(Refusal(event.place, event.id, error.reason, str(error)))
        else:
            accepted[event.experiment_key].append(event)
    recorded = duplicates = 0
    # In one order on every server, so that two batches never wait for each other.
    for key in sorted(accepted, key=lambda key: assigners[key].number):
        counted, strangers = _record(scope, assigners[key], accepted[key])
        recorded += counted
        duplicates += len(accepted[key]) - counted - len(strangers)
        refused += strangers
    return Outcome(recorded, duplicates, tuple(sorted(refused, key=lambda one: one.index)))


def _check(event: EventDraft, assigner: Assigner | None, now: datetime) -> None:
    if not _is_uuid7(event.id):
        raise _Refused("EVENT_ID_INVALID", "the id has to be a UUID of version 7, made by the client")
    if not 0 < len(event.unit) <= 200 or "\0" in event.unit:
        raise _Refused("EVENT_INVALID", "the unit needs 1 to 200 characters, none of them NUL")
    if assigner is None:
        raise _Refused("EXPERIMENT_NOT_FOUND", f"no experiment {event.experiment_key[:100]!r} was started")
    if assigner.state not in (State.RUNNING, State.PAUSED):
        raise _Refused("EXPERIMENT_STATE_INVALID", f"experiment {assigner.key!r} is {assigner.state.name}")
    if event.name not in KNOWN and event.name not in assigner.feeds:
        raise _Refused("EVENT_NAME_UNKNOWN", f"no metric of {assigner.key!r} takes {event.name[:100]!r}")
    if not math.isfinite(event.value):
        raise _Refused("EVENT_INVALID", "the value has to be a finite number")
    if event.time is not None and event.time > now + _AHEAD:
        raise _Refused("EVENT_INVALID", "the time is in the future")


def _bytes_of(id: str) -> bytes:
    """The 16 bytes of a UUID of version 7; several times as fast as the class UUID. Raises ValueError for another."""
    if not (len(id) == 36 and id[14] == "7" and id[19] in "89abAB" and id[8] == id[13] == id[18] == id[23] == "-"):
        raise ValueError(id)
    found = bytes.fromhex(id.replace("-", ""))
    if len(found) != 16:
        raise ValueError(id)
    return found


def _is_uuid7(id: str) -> bool:
    try:
        return bool(_bytes_of(id))
    except ValueError:
        return False


def _record(scope: Scope, assigner: Assigner, events: Sequence[EventDraft]) -> tuple[int, list[Refusal]]:
    """Records the events of one experiment; returns how many were new, and those whose unit takes no part."""
    numbers = counting.unit_numbers(scope, {event.unit for event in events})
    standing = _standing(scope, assigner, numbers)
    strangers = [
        Refusal(event.place, event.id, "UNIT_NOT_ENROLLED", f"unit {event.unit!r} takes no part in {assigner.key!r}")
        for event in events
        if numbers[event.unit] not in standing
    ]
    by_id = {_bytes_of(event.id): event for event in events if numbers[event.unit] in standing}
    new = counting.insert_events(
        scope,
        assigner.number,
        [
            Occurrence(id, numbers[event.unit], event.name, event.value, event.time or scope.now)
            for id, event in by_id.items()
        ],
    )
    added = _added(assigner, ((numbers[by_id[id].unit], by_id[id]) for id in new))
    _count(scope, assigner, added, standing)
    return len(new), strangers


def _standing(scope: Scope, assigner: Assigner, numbers: Mapping[str, int]) -> dict[int, Exposure]:
    """Where units stand. An event of a unit that was never exposed, as far as is known, is its first exposure."""
    standing = counting.exposures(scope, assigner.number, numbers.values(), lock=True)
    missing = {unit: number for unit, number in numbers.items() if number not in standing}
    if missing and assigner.state is State.RUNNING and assigner.is_computed:
        answers = {number: assigner.assign(unit, {}) for unit, number in missing.items()}
        shown = {number: answer.variant for number, answer in answers.items() if answer.reason is Reason.ENROLLED}
        standing |= enrol(scope, assigner, shown)
    return standing


def _added(assigner: Assigner, events: Iterable[tuple[int, EventDraft]]) -> list[Total]:
    """What events add to their units' totals, one total per metric and unit."""
    feeds = assigner.feeds
    sums: dict[tuple[int, int], list[float]] = {}
    for unit, event in events:
        for metric, part, by_value in feeds.get(event.name, ()):
            key = metric, unit
            if key not in sums:
                sums[key] = [0.0, 0.0, 0.0]
            sums[key][part] += event.value if by_value else 1.0
    return [Total(metric, unit, *parts) for (metric, unit), parts in sums.items()]


def _count(scope: Scope, assigner: Assigner, added: Sequence[Total], standing: Mapping[int, Exposure]) -> None:
    """Adds to the totals, and brings the sums of the arms in line with them."""
    by_key = {(one.metric, one.unit): one for one in added}
    metrics = assigner.design.metrics
    changes: dict[tuple[int, int, int], list[Sequence[float]]] = defaultdict(list)
    for total in counting.add_totals(scope, assigner.number, added):
        exposure = standing[total.unit]
        if exposure.crossed:
            continue
        metric, more = metrics[total.metric], by_key[total.metric, total.unit]
        before = Total(total.metric, total.unit, total.y - more.y, total.z - more.z, total.x - more.x)
        arm = changes[exposure.phase, exposure.variant, total.metric]
        arm.append(contribution(metric, total))
        arm.append(tuple(-value for value in contribution(metric, before)))
    sums = {arm: [math.fsum(column) for column in zip(*found, strict=True)] for arm, found in changes.items()}
    counting.add_sums(scope, assigner.number, sums)
