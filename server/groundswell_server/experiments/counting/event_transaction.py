"""Recording events: each once, for the arm that its unit stands in, in one transaction with the sums it changes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from groundswell_server.experiments.catalog.assigner import Assigner, AssignmentReason
from groundswell_server.experiments.counting import covariates, tally
from groundswell_server.experiments.counting.count_targets import only_experiments, read_count_targets
from groundswell_server.experiments.counting.enrolment import enrol
from groundswell_server.experiments.counting.events import Events
from groundswell_server.experiments.counting.outcomes import Outcome, Refusal
from groundswell_server.experiments.counting.refusals import refusals
from groundswell_server.experiments.counting.unit_variant_cache import (
    UnitVariant,
    UnitVariantCache,
    UnitVariants,
    unit_variant_of,
)
from groundswell_server.experiments.lifecycle import State
from groundswell_storage.experiments import counting, event_ids
from groundswell_storage.experiments.counting import Occurrences
from groundswell_storage.scope import Scope

_NOTHING = UnitVariantCache()


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of a batch, and what was found out on the way, to be remembered once it is committed."""

    outcome: Outcome
    changed: Collection[str]
    """Keys of the experiments in which something was recorded."""
    assigners: Mapping[str, Assigner]
    """The experiments among what was recorded for."""
    found: Sequence[UnitVariants]
    """Where units stand that had to be looked up."""


def record_events(
    scope: Scope, events: Events, known: Mapping[str, Assigner] | None = None, rosters: UnitVariantCache = _NOTHING
) -> Recorded:
    """Records a batch. `known` are experiments by key and `rosters` their units, as this server remembers them."""
    current = read_count_targets(scope, set(events.experiment_keys), known or {}, hold=True)
    assigners = {key: one.assigner for key, one in current.items()}
    refused = refusals(events, assigners, scope.now, _least_kept_id(scope, events))
    accepted = _without(events, refused) if refused else events
    looked_up: list[UnitVariants] = []
    changed: set[str] = set()
    recorded, counted = 0, len(accepted.ids)
    # In one order on every server, so that two batches never wait for each other.
    parts = accepted.by_experiment()
    for key in sorted(parts, key=lambda key: assigners[key].number):
        mine = parts[key].by_id()
        assigner, moves = current[key]
        before = None
        if assigner.covariates and not assigner.covariates.isdisjoint(mine.names):
            mine, before = covariates.apart(mine, assigner.covariates)
        known_places = rosters.places(assigner.number, moves)
        places = list(map(known_places.get, mine.units))
        if None in places:
            unknown = {unit for unit, place in zip(mine.units, places, strict=True) if not place}
            found = _find(scope, assigner, unknown, _first_times(mine, unknown))
            looked_up.append(UnitVariants(assigner.number, moves, found))
            places = [place or found.get(unit) for unit, place in zip(mine.units, places, strict=True)]
        if None in places:
            strangers = _strangers(assigner, mine, places)
            refused += strangers
            counted -= len(strangers)
            standing = [position for position, place in enumerate(places) if place is not None]
            mine, places = mine.at(standing), [places[position] for position in standing]
        new = _record(scope, assigner, mine, places)  # type: ignore[arg-type]  # none is missing any more
        if before is not None:
            kept = covariates.record(scope, assigner, before)
            refused += kept.refused
            counted -= len(kept.refused)
            new += kept.new
        if new:
            changed.add(key)
        recorded += new
    outcome = Outcome(recorded, counted - recorded, tuple(sorted(refused, key=lambda one: one.index)))
    return Recorded(outcome, changed, only_experiments(assigners), looked_up)


def _least_kept_id(scope: Scope, events: Events) -> bytes:
    """As `event_ids` says; nothing where the events are all recent, as nearly always."""
    return b"" if event_ids.is_recent(min(events.ids), scope.now) else event_ids.least_kept_id(scope.database)


def _without(events: Events, refused: Sequence[Refusal]) -> Events:
    out = {one.index for one in refused}
    return events.at([position for position, place in enumerate(events.places) if place not in out])


def _strangers(assigner: Assigner, events: Events, places: Sequence[UnitVariant | None]) -> list[Refusal]:
    """The events whose unit takes no part."""
    return [
        Refusal(
            events.places[position],
            "UNIT_NOT_ENROLLED",
            f"unit {events.units[position]!r} takes no part in {assigner.key!r}",
        )
        for position, place in enumerate(places)
        if place is None
    ]


def _first_times(events: Events, units: Collection[str]) -> dict[str, int]:
    """When the first of the events of each of these units happened."""
    first: dict[str, int] = {}
    for unit, time in zip(events.units, events.times, strict=True):
        if unit in units and time < first.get(unit, time + 1):
            first[unit] = time
    return first


def _find(scope: Scope, assigner: Assigner, units: Collection[str], times: Mapping[str, int]) -> dict[str, UnitVariant]:
    """Where units stand, given with the times of their first events.

    An event of a unit that was never exposed, as far as is known, is its first exposure.
    """
    numbers = counting.unit_numbers(scope, units)
    standing = counting.exposures(scope, assigner.number, numbers.values())
    missing = {unit: number for unit, number in numbers.items() if number not in standing}
    if missing and assigner.state is State.RUNNING and assigner.is_computed:
        answers = {number: assigner.assign(unit, {}) for unit, number in missing.items()}
        shown = {
            number: answer.variant for number, answer in answers.items() if answer.reason is AssignmentReason.ENROLLED
        }
        standing |= enrol(scope, assigner, shown, {number: times[unit] for unit, number in missing.items()})
    return {unit: unit_variant_of(number, standing[number]) for unit, number in numbers.items() if number in standing}


def _record(scope: Scope, assigner: Assigner, events: Events, places: Sequence[UnitVariant]) -> int:
    """Records the events of one experiment, given with the places of their units; returns how many were new."""
    if not places:
        return 0
    units, arms = np.frombuffer(b"".join(places), np.int64).reshape(-1, 2).T
    feeds, names, values = assigner.feeds, events.names, events.values
    # Before they are written, while they are in the processor's caches; for nearly always all of them are new.
    added = tally.additions(feeds, names, units, arms, values)
    occurrences = Occurrences(events.ids, units.tolist(), names, values, events.times)
    new = counting.insert_events(scope, assigner.number, occurrences)
    if len(new) < len(places):
        mine, fresh = np.array(new, np.int64), events.at(new)
        added = tally.additions(feeds, fresh.names, units[mine], arms[mine], fresh.values)
    sums: dict[tuple[int, int, int], Sequence[float]] = {}
    for one in added:
        now = counting.add_totals(scope, assigner.number, one.metric, one.totals)
        changed = tally.changes(assigner.design.metrics[one.metric], one, now)
        sums.update({(*arm, one.metric): change.tolist() for arm, change in changed.items()})
    counting.add_sums(scope, assigner.number, sums)
    return len(new)
