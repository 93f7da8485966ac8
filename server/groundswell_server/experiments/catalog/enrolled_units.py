"""What units were enrolled with, as it is stored."""

from __future__ import annotations

from collections.abc import Mapping

from groundswell_server.experiments.catalog.assigner import Assigner, Assignment, AssignmentReason
from groundswell_storage.experiments import batches, counting
from groundswell_storage.experiments.counting import Exposure
from groundswell_storage.scope import Scope


def read_enrolments(scope: Scope, assigner: Assigner, numbers: Mapping[str, int]) -> dict[str, Assignment]:
    """What units, given with their numbers, were enrolled with under this bucket version, those that were."""
    exposures = counting.exposures(scope, assigner.number, numbers.values())
    current = {unit: one for unit, one in exposures.items() if one.bucket_version == assigner.bucket_version}
    answers = assignments_of(scope, assigner, current)
    return {unit: answers[number] for unit, number in numbers.items() if number in answers}


def assignments_of(scope: Scope, assigner: Assigner, exposures: Mapping[int, Exposure]) -> dict[int, Assignment]:
    """What units get that stand so; a bandit's choice with the probability of its batch."""
    if assigner.batch is None:
        return {unit: Assignment(one.variant, AssignmentReason.ENROLLED) for unit, one in exposures.items()}
    chances = batches.probabilities(scope, assigner.number, {one.phase for one in exposures.values()})
    return {
        unit: Assignment(one.variant, AssignmentReason.ENROLLED, chances[one.phase][one.variant])
        for unit, one in exposures.items()
    }
