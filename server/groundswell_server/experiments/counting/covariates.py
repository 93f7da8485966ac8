"""Covariates: events from before the exposure of their unit. They enrol no unit, and are kept for later enrolments.

The total of a unit's covariates is stored with the totals of its outcomes. It is part of the sums of a variant from the
unit's enrolment on.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from groundswell_server.experiments.catalog.assigner import Assigner
from groundswell_server.experiments.counting import tally
from groundswell_server.experiments.counting.events import Events, Refusal
from groundswell_server.experiments.counting.unit_variant_cache import CROSSED, variant_number
from groundswell_storage.experiments import unit_counts
from groundswell_storage.experiments.unit_counts import Occurrences
from groundswell_storage.scope import Scope


class RecordedCovariates(NamedTuple):
    """The outcome of recording covariates."""

    new: int
    refused: list[Refusal]


def split(events: Events, names: Collection[str]) -> tuple[Events, Events]:
    """Returns the outcomes and the covariates among the events; `names` are the names of covariates."""
    outcomes = [position for position, name in enumerate(events.names) if name not in names]
    covariates = [position for position, name in enumerate(events.names) if name in names]
    return events.at(outcomes), events.at(covariates)


def record(scope: Scope, assigner: Assigner, events: Events) -> RecordedCovariates:
    """Records covariates of one experiment; refuses those that are not from before their unit's exposure."""
    numbers = unit_counts.unit_numbers(scope, set(events.units))
    exposed = unit_counts.exposed_since(scope, assigner.number, numbers.values())
    late = [
        position
        for position, unit in enumerate(events.units)
        if numbers[unit] in exposed and events.times[position] >= exposed[numbers[unit]]
    ]
    early = sorted(set(range(len(events.ids))) - set(late))
    new = _record(scope, assigner, events.at(early), [numbers[events.units[position]] for position in early])
    return RecordedCovariates(new, [_refusal(assigner, events, position) for position in late])


def _refusal(assigner: Assigner, events: Events, position: int) -> Refusal:
    return Refusal(
        events.places[position],
        "COVARIATE_TOO_LATE",
        f"{events.names[position]!r} of unit {events.units[position]!r} is not from before the unit's exposure in "
        f"{assigner.key!r}: set event_time to the time at which it happened",
    )


def _record(scope: Scope, assigner: Assigner, events: Events, units: Sequence[int]) -> int:
    if not units:
        return 0
    occurrences = Occurrences(events.ids, units, events.names, events.values, events.times)
    new = unit_counts.insert_events(scope, assigner.number, occurrences)
    if not len(new):
        return 0
    added, unit_of = events.at(new), np.array(units, np.int64)[list(new)]
    no_variant = np.full(len(new), CROSSED)
    sums: dict[tuple[int, int, int], Sequence[float]] = {}
    for one in tally.additions(assigner.metric_inputs, added.names, unit_of, no_variant, added.values):
        now = unit_counts.add_totals(scope, assigner.number, one.metric, one.totals)
        # Exposures are read after the totals were changed: a transaction that enrols a unit meanwhile waits for the
        # total, or its exposure is seen here.
        exposures = unit_counts.exposures(scope, assigner.number, one.totals.units)
        variants = [variant_number(exposures[unit]) if unit in exposures else CROSSED for unit in one.totals.units]
        placed = replace(one, variants=np.array(variants, np.int64))
        changes = tally.changes(assigner.design.metrics[one.metric], placed, now)
        sums.update({(*key, one.metric): change.tolist() for key, change in changes.items()})
    unit_counts.add_sums(scope, assigner.number, sums)
    return len(new)
