"""How good a version is in service: what it said against what came of it, by windows of time.

A prediction counts in the window in which it was served, with its outcome once that is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from groundswell_server.learning.monitoring import kept
from groundswell_server.learning.monitoring.kept import Kept
from groundswell_storage.learning.model_versions import Figures, ModelVersion
from groundswell_storage.scope import Scope


@dataclass(frozen=True, slots=True)
class Period:
    """Which predictions are looked at, and by how long windows."""

    start: datetime
    end: datetime
    window: timedelta
    target_age: timedelta


@dataclass(frozen=True, slots=True)
class Window:
    """The predictions that were served in a span of time."""

    start: datetime
    end: datetime
    prediction_count: int
    outcome_count: int
    """Those whose outcome is known."""
    metrics: Figures
    """Over these; empty where there is none."""
    mean_prediction: float | None
    """In the unit of what is predicted: together with the next it tells whether the version promises too much."""
    mean_outcome: float | None


@dataclass(frozen=True, slots=True)
class Performance:
    """A version in service."""

    version: ModelVersion
    total: Window
    windows: Sequence[Window]
    """Oldest first; the last may be shorter."""


def measure_performance(scope: Scope, version: ModelVersion, period: Period) -> Performance:
    """What a version said in a period, against what came of it."""
    found = kept.judged(scope, version, period.target_age, period.start, period.end)
    windows, start = [], period.start
    while start < period.end:
        end = min(start + period.window, period.end)
        windows.append(_measure(version, [one for one in found if start <= one.served < end], start, end))
        start = end
    return Performance(version, _measure(version, found, period.start, period.end), windows)


def _measure(version: ModelVersion, found: Kept, start: datetime, end: datetime) -> Window:
    known = [one for one in found if one.known is not None]
    if not known:
        return Window(start, end, len(found), 0, {}, None, None)
    # NumPy comes with it, and a server starts without.
    from groundswell_server.models.monitoring.judgements import judge

    judged = judge(version, known)
    return Window(start, end, len(found), len(known), judged.figures(), judged.mean_said, judged.mean_outcome)
