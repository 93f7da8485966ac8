"""How the demonstrations speak: headlines, indented sentences, small tables, bars made of characters."""

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
    """The headline of a step."""
    console().print(f"\n[bold cyan]{title}:[/] [dim]{what}[/]")


def say(text: str, indent: int = 2) -> None:
    """Prints a text whose further lines are indented like its first."""
    console().print(Padding.indent(text, indent))


def table_of(*headers: str) -> Table:
    """A table without lines, with bars in its last column; its other cells are not broken: bars give way to them."""
    table = Table(*headers, box=None, pad_edge=True, header_style="dim")
    *words, bars = table.columns
    for column in words:
        column.no_wrap = True
    bars.max_width = BAR
    return table


def bar(share: float) -> Bar:
    """A bar made of characters, of a share of the longest."""
    return Bar(size=1.0, begin=0.0, end=min(max(share, 0.0), 1.0))


def runnable(name: str) -> str:
    """The command as it can be typed here: by its path unless this installation's is on the PATH."""
    own = Path(sys.executable).parent / name
    return name if shutil.which(name) == str(own) else os.path.relpath(own)
