"""`make simulate`: runs all rows, or those named, and prints one table."""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Sequence
from importlib.metadata import version

from rich.console import Console
from rich.table import Table

from tests.simulate.rows import ALL
from tests.simulate.table import Row

LIBRARIES = ("numpy", "scipy", "mabwiser")


def main(names: Sequence[str]) -> int:
    """Runs the rows whose names contain one of `names`, all without; exit code 1 when a bound is broken."""
    chosen = [measure for measure in ALL if not names or any(name in measure.__name__ for name in names)]
    rows: list[Row] = []
    for measure in chosen:
        start = time.perf_counter()
        rows += measure()
        sys.stderr.write(f"{measure.__name__}: {time.perf_counter() - start:.0f} s\n")
    _show(rows)
    return 0 if all(row.kept is not False for row in rows) else 1


def _show(rows: Sequence[Row]) -> None:
    console = Console(width=160)
    table = Table("what", "found", "promised", "kept", box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(row.what, row.found, row.promised, {True: "yes", False: "NO", None: ""}[row.kept])
    console.print(table)
    versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    console.print(
        f"\nPython {platform.python_version()}, {versions}; seeded: it prints the same every time", style="dim"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
