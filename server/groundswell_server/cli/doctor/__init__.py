"""`groundswell doctor`: checks a deployment and says what to mend."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from groundswell_server.cli.output import AsJson, console, show_json
from groundswell_server.cli.reaching import Authority, Certificate, Key, tls_of
from groundswell_server.cli.serving import Database
from groundswell_server.settings import Settings, load

if TYPE_CHECKING:
    from groundswell_server.cli.doctor.finding import Finding

MARKS = {"ok": "[green]ok  [/]", "warn": "[yellow]warn[/]", "fail": "[red]fail[/]"}


def examine(
    target: Annotated[str, typer.Option(help="A running server to check too, such as localhost:50051.")] = "",
    authority: Authority = None,
    certificate: Certificate = None,
    key: Key = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Check settings, database, disk, keys, jobs, TLS, the store of models, Redis, Dask and peers where they are set.

    With --target, check a running server too.

    Exits with 1 when something is broken.
    """
    from groundswell_server.cli.doctor.server import server

    findings = list(_findings(load(database_url=database)))
    if target:
        findings.append(server(target, tls_of(authority, certificate, key)))
    if as_json:
        show_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            console().print(f"{MARKS[finding.level]}  ", end="")
            console().print(f"{finding.check}: {finding.message}", markup=False, soft_wrap=True)
            if finding.cure:
                console().print(f"      {finding.cure}", markup=False, soft_wrap=True)
    if any(finding.level == "fail" for finding in findings):
        raise typer.Exit(1)


def _findings(settings: Settings) -> Iterator[Finding]:
    from groundswell_server.cli.doctor import surroundings
    from groundswell_server.cli.doctor.database import database
    from groundswell_server.cli.doctor.finding import Finding

    yield Finding("python", "ok", sys.version.split()[0])
    yield from database(settings)
    yield surroundings.tls(settings)
    yield surroundings.master_key(settings)
    yield surroundings.model_store(settings)
    yield surroundings.job_queue(settings)
    yield surroundings.training(settings)
    yield from surroundings.peers(settings)
