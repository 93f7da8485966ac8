"""`groundswell settings`."""

from __future__ import annotations

from dataclasses import asdict

from groundswell.cli.output import console, show_json
from groundswell_server.cli.commands import command, output_option


@command("settings")
@output_option
def settings(as_json: bool) -> None:
    """Print every setting with its value, its source and its meaning. Secrets are hidden."""
    from groundswell_server.settings import explain, load

    rows = list(explain(load()))
    if as_json:
        show_json([asdict(row) for row in rows])
        return
    for row in rows:
        console().print(f"{row.name}={row.value}", markup=False, soft_wrap=True)
        console().print(f"    {row.meaning} ({row.source})", style="dim", markup=False, soft_wrap=True)
