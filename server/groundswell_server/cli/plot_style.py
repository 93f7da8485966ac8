"""The common style of all charts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

INK = "#1f6f8b"
PALE = "#a9d6e5"
WARM = "#d1495b"


@contextmanager
def figure(path: Path, title: str, x_label: str, y_label: str) -> Iterator[Any]:
    """Yields axes to draw on, and saves them as PNG at the end."""
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(8, 4.5), dpi=120, layout="constrained")
    axes = drawing.subplots()
    axes.set(title=title, xlabel=x_label, ylabel=y_label)
    axes.spines[["top", "right"]].set_visible(False)
    yield axes
    drawing.savefig(path)
