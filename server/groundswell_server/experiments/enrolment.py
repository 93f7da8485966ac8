"""Who takes part: first exposures, and units that are seen in a second variant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from groundswell_server.experiments.assignment import Assigner
from groundswell_storage.experiments import counting
from groundswell_storage.experiments.counting import Exposure
from groundswell_storage.scope import Scope


def enrol(scope: Scope, assigner: Assigner, variants: Mapping[int, int]) -> dict[int, Exposure]:
    """Enrols units, given with the variant they were shown, in the phase that lasts; returns where all of them stand.

    A unit belongs to the phase of its first exposure. One that was shown another variant before (under another
    `bucket_version`, say) is counted as crossed, and in neither. One that was shown the same keeps it under the newer
    version too.
    """
    phase, version = assigner.phase, assigner.bucket_version
    shown = {unit: Exposure(variant, phase, version, False) for unit, variant in variants.items()}
    fresh = counting.enrol(scope, assigner.number, shown)
    arms: dict[counting.Arm, list[int]] = defaultdict(lambda: [0, 0])
    for unit in fresh:
        arms[phase, shown[unit].variant][0] += 1
    standing = {unit: shown[unit] for unit in fresh}
    before = counting.exposures(scope, assigner.number, shown.keys() - fresh, lock=True)
    for unit, exposure in before.items():
        standing[unit] = exposure
        if exposure.variant != shown[unit].variant and not exposure.crossed:
            standing[unit] = exposure._replace(variant=shown[unit].variant, bucket_version=version, crossed=True)
            counting.move(scope, assigner.number, unit, standing[unit])
            take_out(scope, assigner, unit, exposure)
            arms[exposure.phase, exposure.variant][0] -= 1
            arms[exposure.phase, exposure.variant][1] += 1
    same = [unit for unit, exposure in standing.items() if exposure.bucket_version < version and not exposure.crossed]
    counting.renew(scope, assigner.number, same, version)
    counting.add_units(scope, assigner.number, {arm: (units, crossed) for arm, (units, crossed) in arms.items()})
    return standing


def take_out(scope: Scope, assigner: Assigner, unit: int, exposure: Exposure) -> None:
    """Takes a unit out of the sums of the arm where it stood; to be done after it was moved."""
    # No server needs it to start.
    import numpy as np

    from groundswell_server.experiments import tally

    taken = {}
    for metric, total in counting.totals_of(scope, assigner.number, unit).items():
        counted = tally.sums(assigner.design.metrics[metric], np.array([total.y, total.z, total.x]))
        taken[exposure.phase, exposure.variant, metric] = (-counted).tolist()
    counting.add_sums(scope, assigner.number, taken)
