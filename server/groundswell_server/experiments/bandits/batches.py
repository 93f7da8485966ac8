"""Batches of a bandit as they follow each other: each begins with what all before it have brought."""

from __future__ import annotations

from collections.abc import Collection

from groundswell_server.experiments.bandits.batch import Batch
from groundswell_server.experiments.design import Design
from groundswell_storage.experiments import batches
from groundswell_storage.experiments.batches import BanditBatchRow
from groundswell_storage.scope import Scope
from groundswell_storage.topics import EXPERIMENT_LEARNED


def current(scope: Scope, experiments: Collection[int]) -> dict[int, Batch]:
    """The newest batch of each of these experiments that has one."""
    return {number: batch_of(row) for number, row in batches.latest(scope, experiments).items()}


def all_of(scope: Scope, experiment: int) -> list[Batch]:
    """All batches of an experiment, in order; none for a fixed allocation."""
    return [batch_of(row) for row in batches.of_experiment(scope, experiment)]


def begin(scope: Scope, experiment: int, key: str, design: Design, phase: int, after: int = 0) -> Batch:
    """Begins a batch in a phase, with all that was counted so far.

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
        found = batches.read_rewards(scope, experiment, design.primary)
        counted = [found.get(variant, (0, ())) for variant in range(len(design.variants))]
        arms = [Moments(units, *sums) for units, sums in counted]
        chances = probabilities(design, arms, np.random.default_rng((experiment, number)))
        units = last.units_before + batches.chosen_units(scope, experiment, last.number) if last else 0
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
    return Batch(row.number, row.phase, tuple(row.probabilities), row.units_before, row.started)
