"""Taking a look: what it is made of is read, and what the one at the planned size says is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from groundswell_server.experiments.bandits.batches import all_of as all_batches
from groundswell_server.experiments.design.design_json import object_of
from groundswell_server.experiments.enums import Verdict
from groundswell_server.experiments.interim_analysis.interim_analysis import (
    Counts,
    InterimAnalysis,
    InterimDecision,
    analyze,
)
from groundswell_server.experiments.lifecycle import Experiment, get_experiment, not_started
from groundswell_server.runtime.call import Call
from groundswell_storage.experiments import counting, designs
from groundswell_storage.experiments.designs import ExperimentRow
from groundswell_storage.fields import from_micros, to_micros
from groundswell_storage.scope import Scope


async def run(call: Call, key: str) -> InterimAnalysis:
    """What the experiment of this key says now; the look at the planned size is kept.

    Raises NotFound, FailedPrecondition (`EXPERIMENT_STATE_INVALID`).
    """
    experiment, counts, planned = await call.read(read_inputs, key)
    found = await asyncio.to_thread(analyze, experiment, counts, datetime.now(UTC), planned)
    if found.planned is planned or found.planned is None:
        return found
    return replace(found, planned=await call.write(store_planned_decision, key, found.planned))


def read_inputs(scope: Scope, key: str) -> tuple[Experiment, Counts, InterimDecision | None]:
    """What a look is made of: the experiment, what was counted, and what its look at the planned size said.

    Raises NotFound, FailedPrecondition (`EXPERIMENT_STATE_INVALID`).
    """
    experiment = get_experiment(scope, key)
    if not experiment.phases:
        raise not_started(key, experiment.state)
    return experiment, read_counts(scope, experiment.number), read_planned_decision(scope, key)


def read_counts(scope: Scope, experiment: int) -> Counts:
    """What was counted so far."""
    batches = all_batches(scope, experiment)
    return Counts(counting.read_units(scope, experiment), counting.read_sums(scope, experiment), batches)


def read_planned_decision(scope: Scope, key: str) -> InterimDecision | None:
    """What the look at the planned size said, if it was taken."""
    record = designs.by_key(scope, key).planned_look
    return None if record is None else _kept(record)


def _kept(record: Mapping[str, Any]) -> InterimDecision:
    return InterimDecision(
        **{
            **record,
            "verdict": Verdict(record["verdict"]),
            "ranking": tuple(record["ranking"]),
            "time": from_micros(record["time"]),
        }
    )


def store_planned_decision(scope: Scope, key: str, decided: InterimDecision) -> InterimDecision:
    """Keeps what the look at the planned size said; returns what an earlier one said, where somebody was faster."""
    row = designs.by_key(scope, key, lock=True)
    if row.planned_look is None:
        record = {**object_of(decided), "verdict": decided.verdict.value, "time": to_micros(decided.time)}
        scope.update(ExperimentRow, planned_look=record).where(ExperimentRow.number == row.number).execute()
        return decided
    return _kept(row.planned_look)
