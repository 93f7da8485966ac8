"""Batches of a bandit as they follow each other: each begins with what those before it have brought.

A raised bucket version begins the learning anew. For units that come again it is chosen again, and who gets another
variant counts in neither: an arm that is rarely chosen loses nearly all who come back, the busier ones, and one that is
chosen often keeps them. What is left of earlier versions would speak for the arm that was ahead, whatever it is worth.
"""

from __future__ import annotations

from collections.abc import Collection

from groundswell_server.experiments.bandits.batch import Batch
from groundswell_server.experiments.design.design import Design
from groundswell_storage.events.topics import EXPERIMENT_LEARNED
from groundswell_storage.experiments import batches
from groundswell_storage.experiments.batches import BanditBatchRow
from groundswell_storage.scope import Scope


def current(scope: Scope, experiments: Collection[int]) -> dict[int, Batch]:
    """The newest batch of each of these experiments that has one."""
    return {number: batch_of(row) for number, row in batches.latest(scope, experiments).items()}


def all_of(scope: Scope, experiment: int) -> list[Batch]:
    """All batches of an experiment, in order; none for a fixed allocation."""
    return [batch_of(row) for row in batches.of_experiment(scope, experiment)]


def begin(scope: Scope, experiment: int, key: str, design: Design, phase: int, after: int = 0) -> Batch:
    """Begins a batch in a phase, with all that was counted so far under the design's bucket version.

    Returns the one that another server began in the meantime, if there is one in this phase beyond number `after`.
    """
    # NumPy comes with it, which no server needs to start.
    import numpy as np

    from groundswell_server.experiments.bandits.policy import probabilities
    from groundswell_server.experiments.statistics.moments import Moments

    while True:
        last = current(scope, [experiment]).get(experiment)
        if last is not None and last.number > after and last.phase >= phase:
            return last
        number = last.number + 1 if last else 1
        alike = batches.under_version(scope, experiment, design.bucket_version)
        found = batches.read_rewards(scope, experiment, design.primary, alike)
        counted = [found.get(variant, (0, ())) for variant in range(len(design.variants))]
        arms = [Moments(units, *sums) for units, sums in counted]
        chances = probabilities(design, arms, np.random.default_rng((experiment, number)))
        units = 0
        if last is not None and last.number in alike:
            units = last.units_before + batches.chosen_units(scope, experiment, last.number)
        batch = Batch(number, phase, chances, units, scope.now)
        if batches.open_batch(
            scope,
            experiment=experiment,
            number=number,
            phase=phase,
            probabilities=list(chances),
            units_before=units,
        ):
            scope.publish(EXPERIMENT_LEARNED, str(experiment), {"key": key, "batch": number})
            return batch


def batch_of(row: BanditBatchRow) -> Batch:
    """The batch that a row holds."""
    return Batch(row.number, row.phase, tuple(row.probabilities), row.units_before, row.start_time)
