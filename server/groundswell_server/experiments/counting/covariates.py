"""Covariates: events of before their units were exposed. They enrol nobody, and wait for whoever is enrolled later.

A unit's total is kept with those of its outcomes, and counts in the sums of its arm from its enrolment on.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from groundswell_server.experiments.catalog.assigner import Assigner
from groundswell_server.experiments.counting import tally
from groundswell_server.experiments.counting.events import Events
from groundswell_server.experiments.counting.outcomes import Refusal
from groundswell_server.experiments.counting.unit_variant_cache import CROSSED, variant_number
from groundswell_storage.experiments import counting
from groundswell_storage.experiments.counting import Occurrences
from groundswell_storage.scope import Scope


class Kept(NamedTuple):
    """What became of covariates."""

    new: int
    refused: list[Refusal]


def apart(events: Events, names: Collection[str]) -> tuple[Events, Events]:
    """The events that say what came of a unit, and those of these names, which say what it was before."""
    outcomes = [position for position, name in enumerate(events.names) if name not in names]
    before = [position for position, name in enumerate(events.names) if name in names]
    return events.at(outcomes), events.at(before)


def record(scope: Scope, assigner: Assigner, events: Events) -> Kept:
    """Records covariates of one experiment; refuses those that are not from before their unit's exposure."""
    numbers = counting.unit_numbers(scope, set(events.units))
    exposed = counting.exposed_since(scope, assigner.number, numbers.values())
    late = [
        position
        for position, unit in enumerate(events.units)
        if numbers[unit] in exposed and events.times[position] >= exposed[numbers[unit]]
    ]
    early = sorted(set(range(len(events.ids))) - set(late))
    new = _record(scope, assigner, events.at(early), [numbers[events.units[position]] for position in early])
    return Kept(new, [_refusal(assigner, events, position) for position in late])


def _refusal(assigner: Assigner, events: Events, position: int) -> Refusal:
    return Refusal(
        events.places[position],
        "COVARIATE_TOO_LATE",
        f"{events.names[position]!r} of unit {events.units[position]!r} is not from before its exposure in "
        f"{assigner.key!r}: say in event_time when it was",
    )


def _record(scope: Scope, assigner: Assigner, events: Events, units: Sequence[int]) -> int:
    if not units:
        return 0
    occurrences = Occurrences(events.ids, units, events.names, events.values, events.times)
    new = counting.insert_events(scope, assigner.number, occurrences)
    if not len(new):
        return 0
    fresh, whose = events.at(new), np.array(units, np.int64)[list(new)]
    nowhere = np.full(len(new), CROSSED)
    sums: dict[tuple[int, int, int], Sequence[float]] = {}
    for one in tally.additions(assigner.feeds, fresh.names, whose, nowhere, fresh.values):
        now = counting.add_totals(scope, assigner.number, one.metric, one.totals)
        # Looked up after the totals are changed: who enrols a unit meanwhile waits for its total, or is seen here.
        standing = counting.exposures(scope, assigner.number, one.totals.units)
        arms = [variant_number(standing[unit]) if unit in standing else CROSSED for unit in one.totals.units]
        placed = replace(one, arms=np.array(arms, np.int64))
        changed = tally.changes(assigner.design.metrics[one.metric], placed, now)
        sums.update({(*arm, one.metric): change.tolist() for arm, change in changed.items()})
    counting.add_sums(scope, assigner.number, sums)
    return len(new)
