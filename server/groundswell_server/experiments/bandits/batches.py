"""The batches of a bandit: within a batch every choice is made with the same probabilities.

A batch begins with the probabilities that the policy computes from the batches before it. After `bucket_version` was
raised the policy starts from nothing: the bandit chooses again for returning units, and a unit that gets another
variant counts in neither. A rarely chosen variant then loses nearly all of its returning units, and a frequently chosen
one keeps them, so that rewards from earlier versions would favour the variant that was ahead, whatever its merit.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from groundswell_server.experiments.design.design import BanditOptions, Design
from groundswell_storage.events.topics import EXPERIMENT_LEARNED
from groundswell_storage.experiments import batches
from groundswell_storage.experiments.batches import BanditBatchRow
from groundswell_storage.scope import Scope

MIN_BATCH_SHARE = 0.02
"""The minimum size of a batch relative to all units before it. The number of batches, and with it the cost of an
analysis, therefore grows with the logarithm of the number of units."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Choices that are made with the same probabilities."""

    number: int
    phase: int
    """The phase of the experiment in which the batch began."""
    probabilities: tuple[float, ...]
    """The probability of each variant; stored with every choice."""
    units_before: int
    """Units in earlier batches under the same bucket version."""
    start_time: datetime

    def is_over(self, units: int, now: datetime, options: BanditOptions) -> bool:
        """Returns True when the next batch is due after `units` units of this one."""
        if units < max(MIN_BATCH_SHARE * self.units_before, 1.0):
            return False
        return units >= options.update_units or now - self.start_time >= options.update_interval


def current(scope: Scope, experiments: Collection[int]) -> dict[int, Batch]:
    """Reads the newest batch of each of these experiments that has one."""
    return {number: batch_of(row) for number, row in batches.latest(scope, experiments).items()}


def all_of(scope: Scope, experiment: int) -> list[Batch]:
    """Reads all batches of an experiment, in order; empty for a fixed allocation."""
    return [batch_of(row) for row in batches.list_for_experiment(scope, experiment)]


def begin(scope: Scope, experiment: int, key: str, design: Design, phase: int, after: int = 0) -> Batch:
    """Begins a batch from everything that was counted so far under the design's bucket version.

    Returns the batch of another server instead if that server has begun one in this phase with a number above `after`.
    """
    # NumPy is imported late because a server does not need it to start.
    import numpy as np

    from groundswell_server.experiments.bandits.policy import probabilities
    from groundswell_server.experiments.statistics.moments import Moments

    while True:
        last = current(scope, [experiment]).get(experiment)
        if last is not None and last.number > after and last.phase >= phase:
            return last
        number = last.number + 1 if last else 1
        same_version = batches.under_version(scope, experiment, design.bucket_version)
        rewards = batches.read_rewards(scope, experiment, design.primary, same_version)
        counted = [rewards.get(variant, (0, ())) for variant in range(len(design.variants))]
        moments = [Moments(units, *sums) for units, sums in counted]
        chosen = probabilities(design, moments, np.random.default_rng((experiment, number)))
        units_before = 0
        if last is not None and last.number in same_version:
            units_before = last.units_before + batches.chosen_units(scope, experiment, last.number)
        if batches.open_batch(
            scope,
            experiment=experiment,
            number=number,
            phase=phase,
            probabilities=list(chosen),
            units_before=units_before,
        ):
            scope.publish(EXPERIMENT_LEARNED, str(experiment), {"key": key, "batch": number})
            return Batch(number, phase, chosen, units_before, scope.now)


def batch_of(row: BanditBatchRow) -> Batch:
    """Returns the batch of a row."""
    return Batch(row.number, row.phase, tuple(row.probabilities), row.units_before, row.start_time)
