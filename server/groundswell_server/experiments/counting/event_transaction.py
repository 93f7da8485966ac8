"""The transaction that records a batch of events: each event once, with the sums of its unit's variant."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from groundswell_server.experiments.catalog.assigner import Assigner, AssignmentReason
from groundswell_server.experiments.counting import covariates, tally
from groundswell_server.experiments.counting.count_targets import only_experiments, read_count_targets
from groundswell_server.experiments.counting.enrolment import enrol
from groundswell_server.experiments.counting.events import Events, Outcome, Refusal
from groundswell_server.experiments.counting.refusals import refusals
from groundswell_server.experiments.counting.unit_variant_cache import (
    UnitVariant,
    UnitVariantCache,
    UnitVariants,
    unit_variant_of,
)
from groundswell_storage.experiments import event_ids, unit_counts
from groundswell_storage.experiments.enums import ExperimentState
from groundswell_storage.experiments.unit_counts import Occurrences
from groundswell_storage.scope import Scope

_NO_CACHE = UnitVariantCache()


@dataclass(frozen=True, slots=True)
class RecordedBatch:
    """The outcome of a batch, and the data that the transaction has read, which may be cached after the commit."""

    outcome: Outcome
    changed: Collection[str]
    """The keys of the experiments in which something was recorded."""
    assigners: Mapping[str, Assigner]
    """The experiments of the batch, by key."""
    found: Sequence[UnitVariants]
    """The variants of units that were not in the cache."""


def record_events(
    scope: Scope, events: Events, known: Mapping[str, Assigner] | None = None, cache: UnitVariantCache = _NO_CACHE
) -> RecordedBatch:
    """Records a batch. `known` holds cached experiments by key, and `cache` the variants of their units."""
    current = read_count_targets(scope, set(events.experiment_keys), known or {}, hold=True)
    assigners = {key: one.assigner for key, one in current.items()}
    refused = refusals(events, assigners, scope.now, _least_kept_id(scope, events))
    accepted = _without(events, refused) if refused else events
    looked_up: list[UnitVariants] = []
    changed: set[str] = set()
    recorded, counted = 0, len(accepted.ids)
    # Every server uses the same order, so that two batches never deadlock.
    parts = accepted.by_experiment()
    for key in sorted(parts, key=lambda key: assigners[key].number):
        mine = parts[key].by_id()
        assigner, moves = current[key]
        before = None
        if assigner.covariates and not assigner.covariates.isdisjoint(mine.names):
            mine, before = covariates.split(mine, assigner.covariates)
        cached = cache.variants(assigner.number, moves)
        variants = list(map(cached.get, mine.units))
        if None in variants:
            unknown = {unit for unit, variant in zip(mine.units, variants, strict=True) if not variant}
            found = _find(scope, assigner, unknown, _first_times(mine, unknown))
            looked_up.append(UnitVariants(assigner.number, moves, found))
            variants = [variant or found.get(unit) for unit, variant in zip(mine.units, variants, strict=True)]
        if None in variants:
            not_enrolled = _not_enrolled(assigner, mine, variants)
            refused += not_enrolled
            counted -= len(not_enrolled)
            enrolled = [position for position, variant in enumerate(variants) if variant is not None]
            mine, variants = mine.at(enrolled), [variants[position] for position in enrolled]
        new = _record(scope, assigner, mine, variants)  # type: ignore[arg-type]  # None was removed above
        if before is not None:
            kept = covariates.record(scope, assigner, before)
            refused += kept.refused
            counted -= len(kept.refused)
            new += kept.new
        if new:
            changed.add(key)
        recorded += new
    outcome = Outcome(recorded, counted - recorded, tuple(sorted(refused, key=lambda one: one.index)))
    return RecordedBatch(outcome, changed, only_experiments(assigners), looked_up)


def _least_kept_id(scope: Scope, events: Events) -> bytes:
    """Returns the least event id that is kept. Recent events need no read and get empty bytes."""
    return b"" if event_ids.is_recent(min(events.ids), scope.now) else event_ids.least_kept_id(scope.database)


def _without(events: Events, refused: Sequence[Refusal]) -> Events:
    indexes = {one.index for one in refused}
    return events.at([position for position, place in enumerate(events.places) if place not in indexes])


def _not_enrolled(assigner: Assigner, events: Events, variants: Sequence[UnitVariant | None]) -> list[Refusal]:
    """Returns the refusals of the events whose unit does not take part."""
    return [
        Refusal(
            events.places[position],
            "UNIT_NOT_ENROLLED",
            f"unit {events.units[position]!r} does not take part in {assigner.key!r}",
        )
        for position, variant in enumerate(variants)
        if variant is None
    ]


def _first_times(events: Events, units: Collection[str]) -> dict[str, int]:
    """Returns the time of the first event of each of these units."""
    first: dict[str, int] = {}
    for unit, time in zip(events.units, events.times, strict=True):
        if unit in units and time < first.get(unit, time + 1):
            first[unit] = time
    return first


def _find(scope: Scope, assigner: Assigner, units: Collection[str], times: Mapping[str, int]) -> dict[str, UnitVariant]:
    """Reads the variants of units; `times` are those of the units' first events.

    The first event of a unit without a stored exposure counts as its first exposure.
    """
    numbers = unit_counts.unit_numbers(scope, units)
    exposures = unit_counts.exposures(scope, assigner.number, numbers.values())
    missing = {unit: number for unit, number in numbers.items() if number not in exposures}
    if missing and assigner.state is ExperimentState.RUNNING and assigner.is_computed:
        assignments = {number: assigner.assign(unit, {}) for unit, number in missing.items()}
        shown = {
            number: found.variant for number, found in assignments.items() if found.reason is AssignmentReason.ENROLLED
        }
        exposures |= enrol(scope, assigner, shown, {number: times[unit] for unit, number in missing.items()})
    return {unit: unit_variant_of(number, exposures[number]) for unit, number in numbers.items() if number in exposures}


def _record(scope: Scope, assigner: Assigner, events: Events, variants: Sequence[UnitVariant]) -> int:
    """Records the events of one experiment, given with the variants of their units; returns the number of new ones."""
    if not variants:
        return 0
    units, numbers = np.frombuffer(b"".join(variants), np.int64).reshape(-1, 2).T
    inputs, names, values = assigner.metric_inputs, events.names, events.values
    # Computed before the insertion, while the columns are in the processor's caches: nearly always all events are new.
    added = tally.additions(inputs, names, units, numbers, values)
    occurrences = Occurrences(events.ids, units.tolist(), names, values, events.times)
    new = unit_counts.insert_events(scope, assigner.number, occurrences)
    if len(new) < len(variants):
        mine, new_events = np.array(new, np.int64), events.at(new)
        added = tally.additions(inputs, new_events.names, units[mine], numbers[mine], new_events.values)
    sums: dict[tuple[int, int, int], Sequence[float]] = {}
    for one in added:
        now = unit_counts.add_totals(scope, assigner.number, one.metric, one.totals)
        changes = tally.changes(assigner.design.metrics[one.metric], one, now)
        sums.update({(*key, one.metric): change.tolist() for key, change in changes.items()})
    unit_counts.add_sums(scope, assigner.number, sums)
    return len(new)
