"""`groundswell serve` and `groundswell worker`."""

from __future__ import annotations

import click

from groundswell_server.bootstrap.gc_freeze import gc_freeze, import_structlog
from groundswell_server.cli.commands import command, database_option


@command("serve")
@click.option("--host", help="Address to listen on; 127.0.0.1 by default.")
@click.option("--port", type=int, help="Port to listen on, 50051 by default; 0 takes a free one.")
@click.option(
    "--workers", type=click.IntRange(1, 256), default=1, help="Server processes that share the port; 1 by default."
)
@click.option("--services", default="", help="Services to serve, separated by commas; all by default.")
@click.option("--metrics-port", type=int, help="Port of the Prometheus metrics; none by default.")
@click.option("--training-workers", type=int, help="Worker processes to start; 1 by default.")
@click.option("--insecure", is_flag=True, help="Listen where other machines reach it without TLS or keys.")
@database_option
def serve(
    host: str | None,
    port: int | None,
    workers: int,
    services: str,
    metrics_port: int | None,
    training_workers: int | None,
    insecure: bool,
    database: str | None,
) -> None:
    """Serve the suite, with a worker process for long jobs beside it."""
    with gc_freeze():
        import_structlog()
        from groundswell_server import processes
        from groundswell_server.services.registry import SERVICES, unknown_service
        from groundswell_server.settings import SettingsError, load

    options = {"host": host, "port": port, "metrics_port": metrics_port, "training_workers": training_workers}
    try:
        settings = load(database_url=database, **options)
    except SettingsError as error:
        if any(options.get(name) is not None for name in error.names):
            raise click.BadParameter(str(error)) from error
        raise
    chosen = tuple(name.strip() for name in services.split(",") if name.strip()) or tuple(SERVICES)
    if problem := unknown_service(chosen):
        raise click.BadParameter(problem)
    raise click.exceptions.Exit(processes.serve(settings, chosen, workers=workers, insecure=insecure))


@command("worker")
@database_option
def worker(database: str | None) -> None:
    """Run long jobs, such as training, for the servers on the same database."""
    from groundswell_server import processes
    from groundswell_server.settings import load

    raise click.exceptions.Exit(processes.work(load(database_url=database)))
