"""What a bandit chooses for a unit, stored before anybody is told: from then on the unit keeps it.

Two servers may choose for the same unit at once: the row that is there first holds, and both answer with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from groundswell_server.experiments.bandits import batches
from groundswell_server.experiments.bandits.batch import Batch
from groundswell_server.experiments.catalog.assigner import Assigner, Assignment
from groundswell_server.experiments.catalog.enrolled_units import assignments_of
from groundswell_server.experiments.counting.enrolment import enrol_by
from groundswell_server.experiments.lifecycle import State
from groundswell_storage.experiments import batches as stored
from groundswell_storage.experiments import counting
from groundswell_storage.experiments.counting import Exposure
from groundswell_storage.scope import Scope

Attributes = Mapping[str, Any]


def stick(scope: Scope, assigner: Assigner, units: Mapping[str, Attributes]) -> dict[str, Assignment]:
    """What units get, given with what is known of them; those that have nothing yet get it now, in the newest batch.

    `assigner` is that of a bandit, as it stands in this transaction.
    """
    if assigner.state is State.RUNNING:
        assigner = assigner.in_batch(_batch(scope, assigner))
    answers = {unit: assigner.assign(unit, attributes) for unit, attributes in units.items()}
    numbers = counting.unit_numbers(scope, {unit for unit, answer in answers.items() if answer.is_enrolled})
    wanted = {number: answers[unit].variant for unit, number in numbers.items()}
    standing = assignments_of(scope, assigner, _enrol(scope, assigner, wanted))
    return {unit: standing[numbers[unit]] if unit in numbers else answer for unit, answer in answers.items()}


def _batch(scope: Scope, assigner: Assigner) -> Batch:
    """The newest batch; a new one where it is over."""
    batch = assigner.chooses_in
    options = assigner.design.bandit
    chosen = stored.chosen_units(scope, assigner.number, batch.number)
    if options is None or not batch.is_over(chosen, scope.now, options):
        return batch
    return batches.begin(scope, assigner.number, assigner.key, assigner.design, assigner.phase, batch.number)


def _enrol(scope: Scope, assigner: Assigner, wanted: Mapping[int, int]) -> dict[int, Exposure]:
    """Enrols units with what was chosen for them; returns where all of them stand.

    A unit that has its variant under this bucket version keeps it. One that comes again after the version was raised
    may get another than before: it is counted as crossed, and in neither. Else it counts on where it was.
    """
    batch, version = assigner.chooses_in.number, assigner.bucket_version
    chosen = {unit: Exposure(variant, batch, version, False) for unit, variant in wanted.items()}
    return enrol_by(_keeps_or_crosses, scope, assigner, chosen)


def _keeps_or_crosses(before: Exposure, chosen: Exposure) -> Exposure:
    if before.bucket_version >= chosen.bucket_version:
        return before
    if before.variant == chosen.variant:
        return before._replace(bucket_version=chosen.bucket_version)
    return chosen._replace(crossed=True)
