"""The demonstration's charts as PNG files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from groundswell_server.cli.plot_style import INK, PALE, WARM, figure

if TYPE_CHECKING:
    from groundswell.v1.learning_pb2 import FeatureImportance, PredictTimingResponse
    from groundswell_server.cli.demo.holdout import Trial


def predictions(trial: Trial, path: Path) -> None:
    """Draws predicted rates with their intervals, and the actual rates, ordered by prediction."""
    rows = sorted(trial.predictions, key=lambda row: row.predicted)
    positions = range(len(rows))
    with figure(path, "Predicted and actual engagement rates", "the newer posts, by predicted rate", "rate, %") as axes:
        axes.fill_between(positions, [r.lower for r in rows], [r.upper for r in rows], color=PALE, label="95% interval")
        axes.plot(positions, [row.predicted for row in rows], color=INK, label="predicted")
        axes.scatter(positions, [row.actual for row in rows], color=WARM, s=9, zorder=3, label="actual")
        axes.legend(frameon=False)


def importance(features: Sequence[FeatureImportance], path: Path) -> None:
    """Draws the permutation importance with intervals, most important first."""
    rows = [row for row in reversed(features) if row.permutation.interval.lower > 0]
    values = [row.permutation.value for row in rows]
    errors = [_error_bars(row.permutation) for row in rows]
    with figure(path, "Permutation importance", "error added when the feature is shuffled, points", "") as axes:
        names = [row.feature.replace("_", " ") for row in rows]
        axes.barh(names, values, color=PALE, xerr=list(zip(*errors, strict=True)), ecolor=INK)


def hours(timing: PredictTimingResponse, path: Path) -> None:
    """Draws the expected rate of each hour with its interval."""
    slots = sorted(timing.best_hours, key=lambda slot: slot.hour)
    rates = [slot.engagement_rate_pct for slot in slots]
    with figure(path, "Best hours", f"hour of the day, {timing.time_zone}", "expected rate, %") as axes:
        errors = list(zip(*(_error_bars(rate) for rate in rates), strict=True))
        hours_of_day = [slot.hour for slot in slots]
        axes.errorbar(hours_of_day, [rate.value for rate in rates], yerr=errors, fmt="o", color=INK, ecolor=PALE)
        axes.axhline(timing.mean_rate_pct.value, color=WARM, linewidth=1, label="mean of all hours")
        axes.legend(frameon=False)


def _error_bars(estimate: Any) -> tuple[float, float]:
    return (
        max(estimate.value - estimate.interval.lower, 0.0),
        max(estimate.interval.upper - estimate.value, 0.0),
    )
