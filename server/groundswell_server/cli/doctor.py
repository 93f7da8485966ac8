"""`groundswell doctor`: checks a deployment and says what to mend."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from groundswell_server.cli.output import AsJson, console, show_json
from groundswell_server.cli.reaching import Authority, Certificate, Key, tls_of
from groundswell_server.cli.serving import Database
from groundswell_server.settings import Settings, load

if TYPE_CHECKING:
    import grpc

    from groundswell import Tls
    from groundswell_storage.database import Database as OpenDatabase

LOW_DISK_BYTES = 1 << 30
MARKS = {"ok": "[green]ok  [/]", "warn": "[yellow]warn[/]", "fail": "[red]fail[/]"}


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check."""

    check: str
    level: Literal["ok", "warn", "fail"]
    message: str
    cure: str = ""


def examine(
    target: Annotated[str, typer.Option(help="A running server to check too, such as localhost:50051.")] = "",
    authority: Authority = None,
    certificate: Certificate = None,
    key: Key = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Check settings, database, disk, keys, TLS and, with --target, a running server.

    Exits with 1 when something is broken.
    """
    findings = list(_findings(load(database_url=database)))
    if target:
        findings.append(_server(target, tls_of(authority, certificate, key)))
    if as_json:
        show_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            console().print(f"{MARKS[finding.level]}  {finding.check}: {finding.message}", soft_wrap=True)
            if finding.cure:
                console().print(f"      {finding.cure}", soft_wrap=True)
    if any(finding.level == "fail" for finding in findings):
        raise typer.Exit(1)


def _findings(settings: Settings) -> Iterator[Finding]:
    yield Finding("python", "ok", sys.version.split()[0])
    yield from _database(settings)
    yield _tls(settings)
    yield _master_key(settings)


def _database(settings: Settings) -> Iterator[Finding]:
    from groundswell_server.app import open_database
    from groundswell_storage.errors import GroundswellError

    database = open_database(settings)
    if database.file is not None:
        yield _disk(database.file.parent)
        if not database.file.exists():
            yield Finding("database", "warn", f"{database.file} is not there yet", "`groundswell serve` makes it")
            return
    try:
        database.check()
        yield Finding("database", "ok", f"{database.shown_url} answers")
        yield _schema(database)
        yield _keys(database, settings)
        yield from _waiting_jobs(database)
    except GroundswellError as error:
        yield Finding("database", "fail", f"{database.shown_url}: {error}", "check GROUNDSWELL_DATABASE_URL")
    finally:
        database.close()


def _schema(database: OpenDatabase) -> Finding:
    from groundswell_storage import schema

    pending = schema.pending(database)
    if pending:
        return Finding("schema", "warn", f"{len(pending)} migrations are due", "`groundswell migrate`, or just serve")
    return Finding("schema", "ok", f"up to date ({database.schema_version()})")


def _keys(database: OpenDatabase, settings: Settings) -> Finding:
    from groundswell_server.runtime.tls import is_loopback
    from groundswell_storage import keys, schema

    active = not schema.pending(database) and keys.any_active(database)
    if active:
        return Finding("keys", "ok", "there is an active API key")
    if is_loopback(settings.host) and not settings.require_keys:
        return Finding("keys", "ok", "none, and none needed on loopback")
    return Finding("keys", "fail", "no active API key", "`groundswell keys create NAME --role admin`")


def _waiting_jobs(database: OpenDatabase) -> Iterator[Finding]:
    from groundswell_storage import operations, schema

    if schema.pending(database):
        return
    waiting = sum(one.number for one in operations.count_unfinished(database) if one.state == "PENDING")
    message = f"{waiting} operations wait for a worker"
    cure = "is a worker running? `groundswell worker`, or `groundswell serve` with --training-workers 1"
    yield Finding("jobs", "warn", message, cure) if waiting else Finding("jobs", "ok", "no operation waits")


def _disk(folder: Path) -> Finding:
    folder = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
    free = shutil.disk_usage(folder).free
    message = f"{free / (1 << 30):.1f} GiB free in {folder}"
    if not os.access(folder, os.W_OK):
        return Finding("disk", "fail", f"{folder} can't be written to", "give this user the right to write there")
    return Finding("disk", "ok" if free > LOW_DISK_BYTES else "warn", message)


def _checked(check: str, work: Callable[[], str], cure: str) -> Finding:
    from groundswell_server.settings import SettingsError

    try:
        return Finding(check, "ok", work())
    except (SettingsError, OSError) as error:
        return Finding(check, "fail", str(error), cure)


def _tls(settings: Settings) -> Finding:
    def work() -> str:
        from groundswell_server.runtime.tls import server_credentials

        return "certificate and key can be read" if server_credentials(settings) else "not set; loopback only"

    return _checked("tls", work, "check GROUNDSWELL_TLS_CERTIFICATE and GROUNDSWELL_TLS_PRIVATE_KEY")


def _master_key(settings: Settings) -> Finding:
    if settings.master_key is None and not settings.master_key_file.exists():
        return Finding("master key", "ok", f"none yet; {settings.master_key_file} is made when it is first needed")

    def work() -> str:
        from groundswell_server.master_key import master_key

        master_key(settings)
        return "set" if settings.master_key else f"in {settings.master_key_file}"

    return _checked("master key", work, "set GROUNDSWELL_MASTER_KEY, the same on all servers")


def _server(target: str, tls: Tls | None) -> Finding:
    import grpc
    from grpc_health.v1 import health_pb2

    from groundswell._connections import Connection

    # As the SDK reaches it: by TLS where the server is not on this machine, with the key of the environment.
    connection = Connection.of(target, None, tls, False)
    with connection.open("{}") as channel:
        try:
            check = channel.unary_unary(
                "/grpc.health.v1.Health/Check",
                request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
                response_deserializer=health_pb2.HealthCheckResponse.FromString,
            )
            answer = check(health_pb2.HealthCheckRequest(), timeout=5)
            refusal = _refusal(channel, connection.api_key) if connection.api_key else ""
        except grpc.RpcError as error:
            cure = _way_to_a_server(by_tls=connection.tls is not None)
            return Finding("server", "fail", f"{target}: {error.details()}", cure)
    status = health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)
    if refusal:
        cure = "set GROUNDSWELL_API_KEY to another; `groundswell keys create NAME` makes one"
        return Finding("server", "fail", f"{target} is {status}, but {refusal}", cure)
    return Finding("server", "ok" if status == "SERVING" else "warn", f"{target} is {status}")


def _way_to_a_server(*, by_tls: bool) -> str:
    if by_tls:
        return "is it running, and is its certificate from a CA that is known here? --ca names the file of another"
    return "start it with `groundswell serve`; one that serves TLS is reached with --ca FILE"


def _refusal(channel: grpc.Channel, api_key: str) -> str:
    """Why the server does not know this key; empty when it does. Health is told to anybody."""
    import grpc
    from google.longrunning import operations_pb2

    ask = channel.unary_unary(
        "/google.longrunning.Operations/ListOperations",
        request_serializer=operations_pb2.ListOperationsRequest.SerializeToString,
        response_deserializer=operations_pb2.ListOperationsResponse.FromString,
    )
    try:
        ask(
            operations_pb2.ListOperationsRequest(page_size=1),
            timeout=5,
            metadata=(("authorization", f"Bearer {api_key}"),),
        )
    except grpc.RpcError as error:
        return str(error.details()) if error.code() is grpc.StatusCode.UNAUTHENTICATED else ""
    return ""
