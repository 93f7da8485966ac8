"""What units were enrolled with, as it is stored."""

from __future__ import annotations

from collections.abc import Mapping

from groundswell_server.experiments.assignment.assigner import Answer, Assigner, Reason
from groundswell_storage.experiments import batches, counting
from groundswell_storage.experiments.counting import Exposure
from groundswell_storage.scope import Scope


def standing_of(scope: Scope, assigner: Assigner, numbers: Mapping[str, int]) -> dict[str, Answer]:
    """What units, given with their numbers, were enrolled with under this bucket version, those that were."""
    exposures = counting.exposures(scope, assigner.number, numbers.values())
    current = {unit: one for unit, one in exposures.items() if one.bucket_version == assigner.bucket_version}
    answers = answers_of(scope, assigner, current)
    return {unit: answers[number] for unit, number in numbers.items() if number in answers}


def answers_of(scope: Scope, assigner: Assigner, exposures: Mapping[int, Exposure]) -> dict[int, Answer]:
    """What units get that stand so; a bandit's choice with the probability of its batch."""
    if assigner.batch is None:
        return {unit: Answer(one.variant, Reason.ENROLLED) for unit, one in exposures.items()}
    chances = batches.probabilities(scope, assigner.number, {one.phase for one in exposures.values()})
    return {
        unit: Answer(one.variant, Reason.ENROLLED, chances[one.phase][one.variant]) for unit, one in exposures.items()
    }
