"""`groundswell settings`."""

from __future__ import annotations

from dataclasses import asdict

from groundswell_server.cli.output import AsJson, console, show_json
from groundswell_server.settings import explain, load


def show_settings(as_json: AsJson = False) -> None:
    """Print every setting with its value, where that comes from, and its meaning; secrets are hidden."""
    rows = list(explain(load()))
    if as_json:
        show_json([asdict(row) for row in rows])
        return
    for row in rows:
        console().print(f"{row.name}={row.value}", markup=False, soft_wrap=True)
        console().print(f"    {row.meaning} ({row.source})", style="dim", markup=False, soft_wrap=True)
