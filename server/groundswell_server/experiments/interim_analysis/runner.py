"""The runner of interim analyses: reads the counts, runs an analysis, and stores the decision at the planned size."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

from groundswell_server.experiments.bandits.batches import all_of as all_batches
from groundswell_server.experiments.interim_analysis.interim_analysis import (
    Counts,
    InterimAnalysis,
    InterimDecision,
    analyze,
)
from groundswell_server.experiments.lifecycle import Experiment, get_experiment, not_started
from groundswell_server.runtime.call import Call
from groundswell_storage.experiments import keys, unit_counts
from groundswell_storage.experiments.designs import ExperimentRow
from groundswell_storage.records import from_plain, plain
from groundswell_storage.scope import Scope


async def run(call: Call, key: str) -> InterimAnalysis:
    """Runs an analysis of the experiment with this key; stores its decision if it is the analysis at the planned size.

    Raises NotFound, FailedPrecondition (`EXPERIMENT_STATE_INVALID`).
    """
    experiment, counts, planned = await call.read(read_inputs, key)
    found = await asyncio.to_thread(analyze, experiment, counts, datetime.now(UTC), planned)
    if found.planned_decision is planned or found.planned_decision is None:
        return found
    stored = await call.write(store_planned_decision, key, found.planned_decision)
    return replace(found, planned_decision=stored)


def read_inputs(scope: Scope, key: str) -> tuple[Experiment, Counts, InterimDecision | None]:
    """Reads the inputs of an analysis: the experiment, its counts, and its decision at the planned size.

    Raises NotFound, FailedPrecondition (`EXPERIMENT_STATE_INVALID`).
    """
    experiment = get_experiment(scope, key)
    if not experiment.phases:
        raise not_started(key, experiment.state)
    return experiment, read_counts(scope, experiment.number), read_planned_decision(scope, key)


def read_counts(scope: Scope, experiment: int) -> Counts:
    """Reads the counts of an experiment."""
    batches = all_batches(scope, experiment)
    return Counts(unit_counts.read_units(scope, experiment), unit_counts.read_sums(scope, experiment), batches)


def read_planned_decision(scope: Scope, key: str) -> InterimDecision | None:
    """Reads the decision at the planned size; None before it."""
    record = keys.get(scope, ExperimentRow, key).planned_decision
    return None if record is None else from_plain(InterimDecision, record)


def store_planned_decision(scope: Scope, key: str, decision: InterimDecision) -> InterimDecision:
    """Stores the decision at the planned size; returns the stored one, which may come from an earlier analysis."""
    row = keys.get(scope, ExperimentRow, key, lock=True)
    if row.planned_decision is None:
        scope.update(ExperimentRow, planned_decision=plain(decision)).where(
            ExperimentRow.number == row.number
        ).execute()
        return decision
    return from_plain(InterimDecision, row.planned_decision)
