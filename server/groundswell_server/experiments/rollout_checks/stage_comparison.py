"""The comparison of the new variant with the old one in a stage: units, SRM check, and each metric.

No server needs this module, and with it NumPy and SciPy, to start.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import numpy as np

from groundswell_server.experiments.analysis.comparison import harm_p
from groundswell_server.experiments.analysis.metric import MetricSpec, measured
from groundswell_server.experiments.interim_analysis.interim_analysis import Counts
from groundswell_server.experiments.interim_analysis.runner import read_counts
from groundswell_server.experiments.rollouts.design import PREDICTION_ERROR
from groundswell_server.experiments.rollouts.rollout import PHASE, Check, MetricComparison, Rollout
from groundswell_server.experiments.rollouts.stage_split import NEW, OLD
from groundswell_server.experiments.statistics.always_valid import AnalysisPlan
from groundswell_server.experiments.statistics.moments import Moments
from groundswell_server.experiments.statistics.sample_ratio_mismatch import check_sample_ratio
from groundswell_storage.experiments.enums import MetricRole
from groundswell_storage.scope import Scope


def compare(scope: Scope, rollout: Rollout) -> Check:
    """Compares the variants in the current stage of a rollout."""
    return compare_counts(rollout, read_counts(scope, rollout.stage.counted_as), scope.now)


def compare_counts(rollout: Rollout, counts: Counts, now: datetime) -> Check:
    """Compares the variants from the counts of the current stage."""
    units = {variant: counts.units.get((PHASE, variant), (0, 0)) for variant in (OLD, NEW)}
    ratio = check_sample_ratio(np.array([[units[OLD][0], units[NEW][0]]], np.float64), _shares(rollout.stage.share))
    return Check(
        check_time=now,
        new_units=units[NEW][0],
        old_units=units[OLD][0],
        crossed_count=units[OLD][1] + units[NEW][1],
        sample_ratio_p_value=ratio.always_valid_p,
        metrics=tuple(_compared(rollout, index, counts, units) for index in range(len(rollout.design.metrics))),
        known_outcomes=_known_outcomes(rollout, counts),
    )


def _known_outcomes(rollout: Rollout, counts: Counts) -> float | None:
    """Returns the effective number of units with a known prediction error, of the variant with fewer.

    It is the squared sum of their outcomes over the sum of squares (Kish 1965).
    """
    names = [metric.denominator_event for metric in rollout.design.metrics]
    if PREDICTION_ERROR.denominator_event not in names:
        return None
    metric = names.index(PREDICTION_ERROR.denominator_event)
    variants = [Moments(0, *counts.sums.get((PHASE, variant, metric), ())) for variant in (OLD, NEW)]
    return min(one.z**2 / one.zz if one.zz else 0.0 for one in variants)


def _shares(share: float) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return np.array([[0.0, 1.0]] if share >= 1.0 else [[0.5, 0.5]])


def _compared(rollout: Rollout, index: int, counts: Counts, units: Mapping[int, tuple[int, int]]) -> MetricComparison:
    metric, design = rollout.design.metrics[index], rollout.design
    spec = MetricSpec(metric.name, metric.kind, metric.role, metric.direction, is_adjusted=bool(metric.covariate_event))
    moments = [[Moments(units[variant][0], *counts.sums.get((PHASE, variant, index), ()))] for variant in (OLD, NEW)]
    old, new = measured(spec, moments)
    guardrails = sum(one.role is MetricRole.GUARDRAIL for one in design.metrics)
    threshold = design.alpha / max(guardrails, 1)
    plan = AnalysisPlan(threshold, design.planned_units(rollout.stage.position))
    harm = harm_p(old, new, plan, proportions=spec.is_proportion, direction=metric.direction)
    return MetricComparison(
        metric=metric.name,
        role=metric.role,
        old_mean=float(old.mean[0]),
        new_mean=float(new.mean[0]),
        # In the stage of all units there is nothing to compare with.
        harm_p_value=harm if rollout.stage.share < 1.0 else 1.0,
        threshold=threshold,
    )
