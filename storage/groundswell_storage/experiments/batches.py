"""Batches of bandits: the probabilities of their choices, and the rewards of these choices.

The choices of a batch are the exposures whose `phase` is the batch's number. A batch therefore gives the probability of
each choice, and the sums of a variant are kept for each batch.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from peewee import BigIntegerField, CompositeKey, SmallIntegerField

from groundswell_storage.experiments import bulk
from groundswell_storage.experiments.unit_counts import SUMS
from groundswell_storage.fields import InstantField, JsonField
from groundswell_storage.scope import Scope
from groundswell_storage.table import Table


class BanditBatchRow(Table):
    """A batch, whose choices have the same probabilities. A row is never changed."""

    experiment = BigIntegerField()
    number = SmallIntegerField()
    phase = SmallIntegerField()
    """The phase of the experiment in which the batch began."""
    probabilities = JsonField()
    """The probabilities of the variants, in order."""
    units_before = BigIntegerField()
    """The units of earlier batches under the same bucket version."""
    start_time = InstantField()

    class Meta:
        primary_key = CompositeKey("experiment", "number")


def open_batch(scope: Scope, **values: Any) -> bool:
    """Inserts a batch; returns False when another server has inserted it."""
    return bool(scope.insert_many(BanditBatchRow, [{**values, "start_time": scope.now}], skip_existing=True))


def latest(scope: Scope, experiments: Collection[int]) -> dict[int, BanditBatchRow]:
    """Returns the newest batch of each of these experiments that has one."""
    found: dict[int, BanditBatchRow] = {}
    for experiment in experiments:
        query = scope.select(BanditBatchRow).where(BanditBatchRow.experiment == experiment)
        row = query.order_by(BanditBatchRow.number.desc()).first()
        if row is not None:
            found[experiment] = row
    return found


def list_for_experiment(scope: Scope, experiment: int) -> list[BanditBatchRow]:
    """Returns all batches of an experiment, in order."""
    query = scope.select(BanditBatchRow).where(BanditBatchRow.experiment == experiment)
    return list(query.order_by(BanditBatchRow.number))


def probabilities(scope: Scope, experiment: int, numbers: Collection[int]) -> dict[int, Sequence[float]]:
    """Returns the probabilities of these batches, by number."""
    query = scope.select(BanditBatchRow).where(
        BanditBatchRow.experiment == experiment, BanditBatchRow.number.in_(list(numbers))
    )
    return {row.number: row.probabilities for row in query}


def chosen_units(scope: Scope, experiment: int, batch: int) -> int:
    """Returns the number of units of a batch, including those that crossed later."""
    row = scope.execute(
        "SELECT SUM(units + crossed) FROM phase_variant WHERE workspace = ? AND experiment = ? AND phase = ?",
        (scope.workspace, experiment, batch),
    ).fetchone()
    return int(row[0] or 0)


def under_version(scope: Scope, experiment: int, bucket_version: int) -> set[int]:
    """Returns the numbers of the batches under a bucket version."""
    rows = scope.execute(
        "SELECT batch.number FROM bandit_batch AS batch JOIN experiment_phase AS phase ON "
        "phase.workspace = batch.workspace AND phase.experiment = batch.experiment AND phase.number = batch.phase "
        "WHERE batch.workspace = ? AND batch.experiment = ? AND phase.bucket_version = ?",
        (scope.workspace, experiment, bucket_version),
    )
    return {number for (number,) in rows.fetchall()}


def read_rewards(
    scope: Scope, experiment: int, metric: int, numbers: Collection[int]
) -> dict[int, tuple[int, Sequence[float]]]:
    """Returns the units and the sums (`SUMS`) of one metric over these batches, by variant."""
    if not numbers:
        return {}
    those, given = bulk.among(scope, "smallint", numbers)
    units = scope.execute(
        f"SELECT variant, SUM(units) FROM phase_variant WHERE workspace = ? AND experiment = ? AND phase {those} "
        "GROUP BY variant",
        (scope.workspace, experiment, given),
    ).fetchall()
    sums = scope.execute(
        f"SELECT variant, {', '.join(f'SUM({name})' for name in SUMS)} FROM phase_variant_sum WHERE workspace = ? AND "
        f"experiment = ? AND phase {those} AND metric = ? GROUP BY variant",
        (scope.workspace, experiment, given, metric),
    ).fetchall()
    by_variant = {row[0]: tuple(map(float, row[1:])) for row in sums}
    return {variant: (int(count), by_variant.get(variant, ())) for variant, count in units}
