"""The database: whether it answers, what its schema lacks, who may call, and whether jobs are done."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from groundswell_server.cli.doctor.check_result import CheckResult
from groundswell_server.settings import Settings

if TYPE_CHECKING:
    from groundswell_storage.database import Database

_LOW_DISK_BYTES = 1 << 30
_MAX_WAIT = timedelta(minutes=1)
"""A job that waits longer than this has no worker, or too few."""


def database(settings: Settings) -> Iterator[CheckResult]:
    """Checks disk, database, schema, keys and jobs; only the first two when the database does not answer."""
    from groundswell_server.bootstrap.database import open_database
    from groundswell_storage.errors import GroundswellError

    opened = open_database(settings)
    if opened.file is not None:
        yield _disk(opened.file.parent)
        if not opened.file.exists():
            yield CheckResult("database", "warn", f"{opened.file} does not exist yet", "`groundswell serve` creates it")
            return
    try:
        opened.check()
        yield CheckResult("database", "ok", f"{opened.shown_url} answers")
        yield _schema(opened)
        yield _keys(opened, settings)
        yield from _jobs(opened)
    except GroundswellError as error:
        yield CheckResult("database", "fail", f"{opened.shown_url}: {error}", "check GROUNDSWELL_DATABASE_URL")
    finally:
        opened.close()


def _schema(database: Database) -> CheckResult:
    from groundswell_storage import schema

    pending = schema.pending(database)
    if pending:
        return CheckResult(
            "schema", "warn", f"{len(pending)} migrations are due", "run `groundswell migrate` or `groundswell serve`"
        )
    return CheckResult("schema", "ok", f"up to date ({database.schema_version()})")


def _keys(database: Database, settings: Settings) -> CheckResult:
    from groundswell_server.bootstrap.tls import is_loopback
    from groundswell_storage import schema
    from groundswell_storage.access import keys

    active = not schema.pending(database) and keys.any_active(database)
    if active:
        return CheckResult("keys", "ok", "there is an active API key")
    if is_loopback(settings.host) and not settings.require_keys:
        return CheckResult("keys", "ok", "none, and none needed on loopback")
    return CheckResult("keys", "fail", "no active API key", "`groundswell keys create NAME --role admin`")


def _jobs(database: Database) -> Iterator[CheckResult]:
    """Finds jobs that no worker takes and jobs whose worker is gone; otherwise reports the number of jobs."""
    from groundswell_storage import schema
    from groundswell_storage.jobs import operations

    if schema.pending(database):
        return
    cure = "is a worker running? `groundswell worker`, or `groundswell serve` with --training-workers 1"
    stalled = operations.count_stalled(database, _MAX_WAIT)
    if stalled.waiting:
        message = f"{stalled.waiting} wait for a worker for longer than {_MAX_WAIT.total_seconds():g} s"
        yield CheckResult("jobs", "warn", message, f"{cure}; if all workers are busy, start more")
    if stalled.lapsed:
        message = f"{stalled.lapsed} have lost their worker, and no other has taken them over"
        yield CheckResult("jobs", "warn", message, cure)
    if not (stalled.waiting or stalled.lapsed):
        numbers = {"PENDING": 0, "RUNNING": 0}
        for one in operations.count_unfinished(database):
            numbers[one.state] += one.number
        yield CheckResult("jobs", "ok", f"{numbers['PENDING']} waiting, {numbers['RUNNING']} running")


def _disk(folder: Path) -> CheckResult:
    folder = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
    free = shutil.disk_usage(folder).free
    message = f"{free / (1 << 30):.1f} GiB free in {folder}"
    if not os.access(folder, os.W_OK):
        return CheckResult("disk", "fail", f"{folder} can't be written to", "give this user write permission")
    return CheckResult("disk", "ok" if free > _LOW_DISK_BYTES else "warn", message)
