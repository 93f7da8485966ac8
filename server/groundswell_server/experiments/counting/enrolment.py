"""Enrolment: first exposures of units, and units that are seen in a second variant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping

from groundswell_server.experiments.catalog.assigner import Assigner
from groundswell_storage.experiments import unit_counts
from groundswell_storage.experiments.unit_counts import Exposure, PhaseVariant
from groundswell_storage.scope import Scope


def enrol(
    scope: Scope, assigner: Assigner, variants: Mapping[int, int], since: Mapping[int, int] | None = None
) -> dict[int, Exposure]:
    """Enrols units in the assigner's phase with the variants that they were shown; returns their stored exposures.

    A unit belongs to the phase of its first exposure. A unit that was shown another variant before (for example under
    another `bucket_version`) counts as crossed, and in neither variant. A unit that was shown the same variant keeps it
    under the newer version. `since` holds the times of exposures in microseconds since 1970; the default is now.
    """
    phase, version = assigner.phase, assigner.bucket_version
    shown = {unit: Exposure(variant, phase, version, False) for unit, variant in variants.items()}
    return enrol_by(_keep_or_cross, scope, assigner, shown, since)


def enrol_by(
    rule: Callable[[Exposure, Exposure], Exposure],
    scope: Scope,
    assigner: Assigner,
    shown: Mapping[int, Exposure],
    since: Mapping[int, int] | None = None,
) -> dict[int, Exposure]:
    """Enrols units with these exposures, now or `since`; returns the stored exposures of all of them.

    `rule(stored, shown)` returns the exposure of a unit that already had one.
    """
    new = unit_counts.enrol(scope, assigner.number, shown, since or {})
    exposures = {unit: shown[unit] for unit in new}
    counts: dict[PhaseVariant, list[int]] = defaultdict(lambda: [0, 0])
    for exposure in exposures.values():
        counts[exposure.phase, exposure.variant][0] += 1
    crossing, renewed = {}, []
    for unit, before in unit_counts.exposures(scope, assigner.number, shown.keys() - new, lock=True).items():
        now = exposures[unit] = rule(before, shown[unit])
        if (now.variant, now.crossed) == (before.variant, before.crossed):
            if now.bucket_version > before.bucket_version:
                renewed.append(unit)
            continue
        unit_counts.move(scope, assigner.number, unit, now)
        if not before.crossed:
            crossing[unit] = before
            counts[before.phase, before.variant][0] -= 1
            counts[before.phase, before.variant][1] += 1
    _add_covariates(scope, assigner, {unit: shown[unit] for unit in new})
    _subtract_totals(scope, assigner, crossing)
    unit_counts.renew(scope, assigner.number, renewed, assigner.bucket_version)
    unit_counts.add_units(scope, assigner.number, {key: (units, crossed) for key, (units, crossed) in counts.items()})
    return exposures


def _keep_or_cross(before: Exposure, shown: Exposure) -> Exposure:
    # The unit keeps the variant of the newest version, even when an exposure under an older version arrives late.
    newest = shown if shown.bucket_version > before.bucket_version else before
    crossed = before.crossed or shown.variant != before.variant
    return before._replace(variant=newest.variant, bucket_version=newest.bucket_version, crossed=crossed)


def _subtract_totals(scope: Scope, assigner: Assigner, crossing: Mapping[int, Exposure]) -> None:
    """Subtracts the totals of crossed units from the sums of their variants, after the units were moved."""
    if not crossing:
        return
    metrics = range(len(assigner.design.metrics))
    totals = unit_counts.totals_of(scope, assigner.number, metrics, crossing)
    _add_totals(scope, assigner, totals, crossing, -1.0)


def _add_covariates(scope: Scope, assigner: Assigner, new: Mapping[int, Exposure]) -> None:
    """Adds the covariates that are already known of new units to the sums of their variants."""
    if not new or not assigner.covariates:
        return
    units = sorted(new)
    # Adding zeros locks the rows: a transaction that adds to them meanwhile is waited for, or sees the new exposures.
    zeros = unit_counts.Totals(units, *[[0.0] * len(units)] * 3)
    metrics = [index for index, metric in enumerate(assigner.design.metrics) if metric.covariate_event]
    totals = {metric: unit_counts.add_totals(scope, assigner.number, metric, zeros) for metric in metrics}
    _add_totals(scope, assigner, totals, new, 1.0)


def _add_totals(
    scope: Scope,
    assigner: Assigner,
    totals: Mapping[int, unit_counts.Totals],
    exposures: Mapping[int, Exposure],
    sign: float,
) -> None:
    """Adds units' totals, by metric and multiplied by `sign`, to the sums of their variants."""
    # Imported late because a server does not need NumPy to start.
    import numpy as np

    from groundswell_server.experiments.counting import tally

    added = {}
    for metric, found in totals.items():
        parts = np.array([found.y, found.z, found.x])
        keys = [(exposures[unit].phase, exposures[unit].variant) for unit in found.units]
        for key in set(keys):
            sums = tally.sums(assigner.design.metrics[metric], parts[:, [one == key for one in keys]])
            if sums.any():
                added[(*key, metric)] = (sign * sums).tolist()
    unit_counts.add_sums(scope, assigner.number, added)
