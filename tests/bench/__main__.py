"""`make bench`: runs all rows, or those named, and prints one table."""

from __future__ import annotations

import asyncio
import platform
import sys
from collections.abc import Sequence
from importlib.metadata import version

from rich.console import Console
from rich.table import Table

from tests.bench.rows import ALL, ALONE
from tests.bench.stage import Stage
from tests.bench.table import Row

LIBRARIES = ("grpcio", "uvloop", "peewee", "protovalidate", "onnxruntime", "scikit-learn", "numpy")


def main(names: Sequence[str]) -> int:
    """Runs the rows whose names contain one of `names`; without, all but those that run alone.

    Returns exit code 1 when a target is missed.
    """
    named = [measure for measure in (*ALL, *ALONE) if any(name in measure.__name__ for name in names)]
    chosen = named if names else ALL
    rows: list[Row] = []
    with Stage() as stage:
        for measure in chosen:
            rows += asyncio.run(measure(stage))
            sys.stderr.write(f"{measure.__name__}: done\n")
    _show(rows)
    return 0 if all(row.met is not False for row in rows) else 1


def _show(rows: Sequence[Row]) -> None:
    console = Console(width=132)
    table = Table("work", "measured", "yardstick", "target", "met", box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(row.work, row.measured, row.yardstick, row.target, {True: "yes", False: "NO", None: ""}[row.met])
    console.print(table)
    versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    console.print(f"\n{platform.machine()}, Python {platform.python_version()}, {versions}", style="dim")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
