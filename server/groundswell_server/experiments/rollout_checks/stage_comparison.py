"""New against old at a stage of a rollout: its units, whether its sides are mismatched, and each metric.

NumPy and SciPy come with it, which no server needs to start.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import numpy as np

from groundswell_server.experiments.analysis.comparison import harm_p
from groundswell_server.experiments.analysis.metric import MetricSpec, measured
from groundswell_server.experiments.design.design import Metric
from groundswell_server.experiments.enums import MetricKind, MetricRole
from groundswell_server.experiments.interim_analysis.interim_analysis import Counts
from groundswell_server.experiments.interim_analysis.runner import read_counts
from groundswell_server.experiments.rollouts.design import PREDICTION_ERROR
from groundswell_server.experiments.rollouts.rollout import PHASE, Check, MetricComparison, Rollout
from groundswell_server.experiments.rollouts.stage_split import NEW, OLD
from groundswell_server.experiments.statistics.always_valid import AnalysisPlan
from groundswell_server.experiments.statistics.moments import Moments
from groundswell_server.experiments.statistics.sample_ratio_mismatch import check_sample_ratio
from groundswell_storage.scope import Scope


def compare(scope: Scope, rollout: Rollout) -> Check:
    """What is known of the stage that a rollout is at."""
    return compare_counts(rollout, read_counts(scope, rollout.stage.counted_as), scope.now)


def compare_counts(rollout: Rollout, counts: Counts, now: datetime) -> Check:
    """What the counts of a stage say."""
    units = {side: counts.units.get((PHASE, side), (0, 0)) for side in (OLD, NEW)}
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
    """Units on the side with fewer of them whose prediction's error is known.

    As many as would weigh alike: the square of the sum of their outcomes over the sum of the squares (Kish 1965).
    """
    names = [metric.denominator_event for metric in rollout.design.metrics]
    if PREDICTION_ERROR.denominator_event not in names:
        return None
    metric = names.index(PREDICTION_ERROR.denominator_event)
    sides = [Moments(0, *counts.sums.get((PHASE, side, metric), ())) for side in (OLD, NEW)]
    return min(side.z**2 / side.zz if side.zz else 0.0 for side in sides)


def _shares(share: float) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return np.array([[0.0, 1.0]] if share >= 1.0 else [[0.5, 0.5]])


def _compared(rollout: Rollout, index: int, counts: Counts, units: Mapping[int, tuple[int, int]]) -> MetricComparison:
    metric, design = rollout.design.metrics[index], rollout.design
    arms = [[Moments(units[side][0], *counts.sums.get((PHASE, side, index), ()))] for side in (OLD, NEW)]
    old, new = measured(_question(metric), arms)
    threshold = _threshold(rollout)
    plan = AnalysisPlan(threshold, design.planned_units(rollout.stage.position))
    proportions = metric.kind is MetricKind.CONVERSION and not metric.covariate_event
    harm = harm_p(old, new, plan, proportions=proportions, direction=metric.direction)
    return MetricComparison(
        metric=metric.name,
        role=metric.role,
        old_mean=float(old.mean[0]),
        new_mean=float(new.mean[0]),
        # With nobody left on one side there is nothing to compare.
        harm_p_value=harm if rollout.stage.share < 1.0 else 1.0,
        threshold=threshold,
    )


def _threshold(rollout: Rollout) -> float:
    guardrails = sum(metric.role is MetricRole.GUARDRAIL for metric in rollout.design.metrics)
    return rollout.design.alpha / max(guardrails, 1)


def _question(metric: Metric) -> MetricSpec:
    return MetricSpec(metric.name, metric.kind, metric.role, metric.direction, adjusted=bool(metric.covariate_event))
