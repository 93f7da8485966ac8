"""Who takes part: first exposures, and units that are seen in a second variant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping

from groundswell_server.experiments.catalog.assigner import Assigner
from groundswell_storage.experiments import counting
from groundswell_storage.experiments.counting import Exposure
from groundswell_storage.scope import Scope


def enrol(
    scope: Scope, assigner: Assigner, variants: Mapping[int, int], since: Mapping[int, int] | None = None
) -> dict[int, Exposure]:
    """Enrols units, given with the variant they were shown, in the assigner's phase; returns where all of them stand.

    A unit belongs to the phase of its first exposure. One that was shown another variant before (under another
    `bucket_version`, say) is counted as crossed, and in neither. One that was shown the same keeps it under the newer
    version too. `since` is when they were shown it, in microseconds since 1970, where it is known; else it is now.
    """
    phase, version = assigner.phase, assigner.bucket_version
    shown = {unit: Exposure(variant, phase, version, False) for unit, variant in variants.items()}
    return enrol_by(_stays_or_crosses, scope, assigner, shown, since)


def enrol_by(
    rule: Callable[[Exposure, Exposure], Exposure],
    scope: Scope,
    assigner: Assigner,
    shown: Mapping[int, Exposure],
    since: Mapping[int, int] | None = None,
) -> dict[int, Exposure]:
    """Enrols units where they were shown to stand, now or `since`; returns where all of them stand.

    Where a unit stands that stood somewhere before, the rule says, given both.
    """
    fresh = counting.enrol(scope, assigner.number, shown, since or {})
    standing = {unit: shown[unit] for unit in fresh}
    arms: dict[counting.Arm, list[int]] = defaultdict(lambda: [0, 0])
    for exposure in standing.values():
        arms[exposure.phase, exposure.variant][0] += 1
    crossing, same = {}, []
    for unit, before in counting.exposures(scope, assigner.number, shown.keys() - fresh, lock=True).items():
        now = standing[unit] = rule(before, shown[unit])
        if (now.variant, now.crossed) == (before.variant, before.crossed):
            if now.bucket_version > before.bucket_version:
                same.append(unit)
            continue
        counting.move(scope, assigner.number, unit, now)
        if not before.crossed:
            crossing[unit] = before
            arms[before.phase, before.variant][0] -= 1
            arms[before.phase, before.variant][1] += 1
    _take_in(scope, assigner, {unit: shown[unit] for unit in fresh})
    _take_out(scope, assigner, crossing)
    counting.renew(scope, assigner.number, same, assigner.bucket_version)
    counting.add_units(scope, assigner.number, {arm: (units, crossed) for arm, (units, crossed) in arms.items()})
    return standing


def _stays_or_crosses(before: Exposure, shown: Exposure) -> Exposure:
    # It keeps what it got first under the newest version, also when an older one is told of late.
    kept = shown if shown.bucket_version > before.bucket_version else before
    crossed = before.crossed or shown.variant != before.variant
    return before._replace(variant=kept.variant, bucket_version=kept.bucket_version, crossed=crossed)


def _take_out(scope: Scope, assigner: Assigner, crossing: Mapping[int, Exposure]) -> None:
    """Takes units out of the sums of the arms where they stood; to be done after they were moved."""
    if not crossing:
        return
    metrics = range(len(assigner.design.metrics))
    found = counting.totals_of(scope, assigner.number, metrics, crossing)
    _add(scope, assigner, found, crossing, -1.0)


def _take_in(scope: Scope, assigner: Assigner, fresh: Mapping[int, Exposure]) -> None:
    """Takes what is known of units from before they were exposed into the sums of their arms."""
    if not fresh or not assigner.covariates:
        return
    units = sorted(fresh)
    # Nothing is added: their rows are held. Who adds to them meanwhile is waited for, or sees where the units stand.
    nothing = counting.Totals(units, *[[0.0] * len(units)] * 3)
    metrics = [index for index, metric in enumerate(assigner.design.metrics) if metric.covariate_event]
    found = {metric: counting.add_totals(scope, assigner.number, metric, nothing) for metric in metrics}
    _add(scope, assigner, found, fresh, 1.0)


def _add(
    scope: Scope,
    assigner: Assigner,
    found: Mapping[int, counting.Totals],
    standing: Mapping[int, Exposure],
    sign: float,
) -> None:
    """Adds totals of units, by metric, to the sums of the arms where the units stand, or takes them out."""
    # No server needs it to start.
    import numpy as np

    from groundswell_server.experiments.counting import tally

    added = {}
    for metric, totals in found.items():
        parts = np.array([totals.y, totals.z, totals.x])
        arms = [(standing[unit].phase, standing[unit].variant) for unit in totals.units]
        for arm in set(arms):
            counted = tally.sums(assigner.design.metrics[metric], parts[:, [one == arm for one in arms]])
            if counted.any():
                added[(*arm, metric)] = (sign * counted).tolist()
    counting.add_sums(scope, assigner.number, added)
