"""Performance of a version in service: its predictions against their outcomes, by windows of time.

A prediction counts in the window in which it was served, with its outcome once that is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from groundswell_server.models import model_types
from groundswell_storage.learning.model_versions import Figures, ModelVersion
from groundswell_storage.scope import Scope

if TYPE_CHECKING:
    from groundswell_server.models.outcomes import ServedPrediction

DEFAULT_LOOKBACK = timedelta(days=90)
DEFAULT_WINDOW = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Period:
    """A period of service, and the length of the windows that it is divided into."""

    end: datetime
    target_age: timedelta
    lookback: timedelta = DEFAULT_LOOKBACK
    window: timedelta = DEFAULT_WINDOW

    @property
    def start(self) -> datetime:
        """The beginning of the period."""
        return self.end - self.lookback


@dataclass(frozen=True, slots=True)
class Window:
    """The predictions that were served in a window of time."""

    start: datetime
    end: datetime
    prediction_count: int
    outcome_count: int
    """Number of predictions whose outcome is known."""
    metrics: Figures
    """Metrics over these; empty where there is none."""
    mean_prediction: float | None
    """In the unit of the prediction. Compared with `mean_outcome` it shows whether the version predicts too much."""
    mean_outcome: float | None


@dataclass(frozen=True, slots=True)
class Performance:
    """The performance of a version in service."""

    version: ModelVersion
    total: Window
    windows: Sequence[Window]
    """Oldest first; the last one may be shorter."""


def measure_performance(scope: Scope, version: ModelVersion, period: Period) -> Performance:
    """Measures the predictions that a version served in a period."""
    outcomes = model_types.get(version.model_type).outcomes
    found = outcomes.served_between(scope, version.id, period.target_age, period.start, period.end)
    windows, start = [], period.start
    while start < period.end:
        end = min(start + period.window, period.end)
        windows.append(_measure(version, [one for one in found if start <= one.served < end], start, end))
        start = end
    return Performance(version, _measure(version, found, period.start, period.end), windows)


def _measure(version: ModelVersion, found: Sequence[ServedPrediction], start: datetime, end: datetime) -> Window:
    known = [one for one in found if one.known is not None]
    if not known:
        return Window(start, end, len(found), 0, {}, None, None)
    # It imports NumPy, and a server starts without.
    from groundswell_server.models.monitoring.judgements import judge

    judged = judge(version, known)
    observed = judged.observed
    return Window(start, end, len(found), len(known), judged.metrics(), observed.mean_prediction, observed.mean_outcome)
