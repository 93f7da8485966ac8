"""`groundswell serve` and `groundswell worker`."""

from __future__ import annotations

from typing import Annotated

import typer

from groundswell_server.bootstrap.gc_freeze import gc_freeze
from groundswell_server.settings import SettingsError, load


def _known_url(url: str | None) -> str | None:
    """An option that no database can be opened by is a wrong call."""
    if url:
        from groundswell_storage import engines

        try:
            engines.open_engine(url, application="groundswell")
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error
    return url


Database = Annotated[
    str | None,
    typer.Option("--database", metavar="URL", callback=_known_url, help="sqlite:///path or postgresql://host/name."),
]
"""The option of every command that opens the database."""


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on, 127.0.0.1 by default.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on, 50051 by default; 0 takes a free one.")] = None,
    workers: Annotated[int, typer.Option(min=1, max=256, help="Server processes that share the port.")] = 1,
    services: Annotated[
        str,
        typer.Option(
            help="Services to serve, by commas: engagement, learning, experiments, operations; all by default."
        ),
    ] = "",
    metrics_port: Annotated[int | None, typer.Option(help="Port of Prometheus metrics; none by default.")] = None,
    training_workers: Annotated[int | None, typer.Option(help="Worker processes to start, 1 by default.")] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", metavar="", help="Listen where others can reach it without TLS or keys.")
    ] = False,
    database: Database = None,
) -> None:
    """Serve the suite, with a worker process for long jobs beside it."""
    with gc_freeze():
        from groundswell_server import processes
        from groundswell_server.app import SERVICES

    options = {"host": host, "port": port, "metrics_port": metrics_port, "training_workers": training_workers}
    try:
        settings = load(database_url=database, **options)
    except SettingsError as error:
        if any(options.get(name) is not None for name in error.names):
            raise typer.BadParameter(str(error)) from error
        raise
    chosen = tuple(name.strip() for name in services.split(",") if name.strip()) or tuple(SERVICES)
    if unknown := sorted(set(chosen).difference(SERVICES)):
        raise typer.BadParameter(f"there is no service {unknown[0]!r}; there are {', '.join(SERVICES)}")
    raise typer.Exit(processes.serve(settings, chosen, workers=workers, insecure=insecure))


def worker(database: Database = None) -> None:
    """Do long jobs, such as training, for the servers on the same database."""
    from groundswell_server import processes

    raise typer.Exit(processes.work(load(database_url=database)))
