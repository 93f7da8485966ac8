"""The intervals of an experiment over time as a PNG file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from groundswell_server.cli.plot_style import INK, WARM, figure

if TYPE_CHECKING:
    from groundswell_server.cli.experiments.interval_history import IntervalHistory


_AROUND = timedelta(minutes=30)
"""Margin before and after a single interim analysis."""


def intervals(histories: Sequence[IntervalHistory], experiment: str, path: Path) -> None:
    """Draws the difference to the control with its always-valid interval over time, for each variant."""
    colours = [INK, WARM]
    scales = [history.scale for history in histories]
    lowest, highest = min(low for low, _ in scales), max(high for _, high in scales)
    with figure(path, experiment, "", f"{histories[0].metric}: difference to the control") as axes:
        axes.axhline(0.0, color="black", linewidth=0.8)
        for number, history in enumerate(histories):
            times = [point.time for point in history.points]
            lower = [lowest if point.lower is None else point.lower for point in history.points]
            upper = [highest if point.upper is None else point.upper for point in history.points]
            colour = colours[number] if number < len(colours) else f"C{number}"
            axes.fill_between(times, lower, upper, color=colour, alpha=0.2, linewidth=0, step="post")
            if len(times) == 1:  # an area needs two points
                axes.vlines(times, lower, upper, color=colour, alpha=0.4)
            axes.plot(
                times, [point.difference for point in history.points], color=colour, label=history.variant, marker="."
            )
        axes.set_ylim(lowest, highest)
        first, last = histories[0].points[0].time, histories[0].points[-1].time
        if first == last:  # a single analysis has no duration
            axes.set_xlim(first - _AROUND, last + _AROUND)
        axes.tick_params(axis="x", rotation=20)
        axes.legend(frameon=False)
