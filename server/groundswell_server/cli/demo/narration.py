"""Output of the demonstrations: headlines, indented sentences, small tables, bars made of characters."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from rich.bar import Bar
from rich.padding import Padding
from rich.table import Table

from groundswell.cli.output import console

BAR = 30
"""Characters of the longest bar."""


def step(title: str, what: str) -> None:
    """Prints the headline of a step."""
    console().print(f"\n[bold cyan]{title}:[/] [dim]{what}[/]")


def say(text: str, indent: int = 2) -> None:
    """Prints a text whose further lines are indented like its first."""
    console().print(Padding.indent(text, indent))


def table_of(*headers: str) -> Table:
    """Returns a table without lines. The bars in its last column shrink so that the other cells are never folded."""
    table = Table(*headers, box=None, pad_edge=True, header_style="dim")
    *words, bars = table.columns
    for column in words:
        column.no_wrap = True
    bars.max_width = BAR
    return table


def bar(share: float) -> Bar:
    """Returns a bar made of characters; a share of 1 is the longest."""
    return Bar(size=1.0, begin=0.0, end=min(max(share, 0.0), 1.0))


def runnable(name: str) -> str:
    """Returns a command as it can be typed here: its name if it is on the PATH, else its path."""
    own = Path(sys.executable).parent / name
    return name if shutil.which(name) == str(own) else os.path.relpath(own)
