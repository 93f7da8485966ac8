"""Events as clients send them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from groundswell_server.experiments.counting.events import Events, ids_of_texts
from groundswell_storage.fields import to_micros
from groundswell_storage.ids import uuid7
from groundswell_storage.scope import Scope


class Sent(NamedTuple):
    """An event as it was sent."""

    id: str
    experiment_key: str
    unit: str
    name: str
    value: float
    time: datetime | None


def event(unit: str, name: str, value: float = 1.0, **others: Any) -> Sent:
    """An event of the experiment `hooks` by default."""
    usual = {"id": uuid7(), "experiment_key": "hooks", "time": None}
    return Sent(**{**usual, **others}, unit=unit, name=name, value=value)


def batch(scope: Scope, *events: Sent) -> Events:
    """Events in the form in which they are recorded."""
    ids, keys, units, names, values, times = zip(*events, strict=True)
    micros = [to_micros(time or scope.now) for time in times]
    return Events(ids_of_texts(ids), keys, units, names, values, micros, range(len(events)))
