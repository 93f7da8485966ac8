"""`groundswell doctor`: checks a deployment and prints how to repair what is broken."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from groundswell.cli.connection import tls_of, with_connection
from groundswell.cli.output import console, show_json
from groundswell_server.cli.commands import command, database_option, output_option

if TYPE_CHECKING:
    from groundswell_server.cli.doctor.check_result import CheckResult
    from groundswell_server.settings import Settings

MARKS = {"ok": "[green]ok  [/]", "warn": "[yellow]warn[/]", "fail": "[red]fail[/]"}


@command("doctor")
@database_option
@output_option
@with_connection
def doctor(database: str | None, as_json: bool, **connection: Any) -> None:
    """Check settings, database, disk, keys, jobs, TLS, model storage, Redis, Dask and peers.

    With --target, check a running server too. Exits with 1 when something is broken.
    """
    from groundswell_server.cli.doctor.server import server
    from groundswell_server.settings import load

    findings = list(_findings(load(database_url=database)))
    if connection["target"]:
        findings.append(server(connection["target"], connection["api_key"], tls_of(connection)))
    if as_json:
        show_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            console().print(f"{MARKS[finding.level]}  ", end="")
            console().print(f"{finding.check}: {finding.message}", markup=False, soft_wrap=True)
            if finding.cure:
                console().print(f"      {finding.cure}", markup=False, soft_wrap=True)
    if any(finding.level == "fail" for finding in findings):
        raise click.exceptions.Exit(1)


def _findings(settings: Settings) -> Iterator[CheckResult]:
    from groundswell_server.cli.doctor import surroundings
    from groundswell_server.cli.doctor.check_result import CheckResult
    from groundswell_server.cli.doctor.database import database

    yield CheckResult("python", "ok", sys.version.split()[0])
    yield from database(settings)
    yield surroundings.tls(settings)
    yield surroundings.master_key(settings)
    yield surroundings.model_store(settings)
    yield surroundings.job_queue(settings)
    yield surroundings.training(settings)
    yield from surroundings.peers(settings)
