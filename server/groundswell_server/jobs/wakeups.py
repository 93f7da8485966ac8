"""The queue of wake-ups, which is Huey: how a server tells the workers that there is something to do.

A wake-up says nothing but "look": what there is to do stands in the operations table, so that a wake-up that is lost,
late or doubled does no harm. Huey keeps them in a file beside an SQLite database, in tables of its own on PostgreSQL,
or in Redis when that is set. Only this file knows Huey.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from huey import Huey, MemoryHuey, PostgresHuey, RedisHuey, SqliteHuey
from huey.exceptions import ConfigurationError
from huey.registry import Message
from huey.serializer import Serializer

from groundswell_server.settings import SettingsError
from groundswell_storage.errors import Unavailable

_NAME = "groundswell"
_TABLE_PREFIX = "groundswell_jobs"
_FIRST_LOOK_SECONDS = 0.02
_SLOWEST_LOOK_SECONDS = 0.25
_LISTEN_SECONDS = 1.0
_CREATE_TRIES = 5


class _Json(Serializer):  # type: ignore[misc]
    """Huey's own serializer is pickle: whoever may write to the queue could run code in the workers."""

    def _serialize(self, data: Any) -> bytes:
        return json.dumps(data).encode()

    def _deserialize(self, data: bytes) -> Any:
        return Message(*json.loads(data))


class WakeUps:
    """Sends wake-ups, and waits for them. Raises what the queue's library raises when it can't be reached."""

    def __init__(self, database_url: str, jobs_url: str | None = None) -> None:
        """`jobs_url`: redis://..., or None for the place that belongs to the database. Raises SettingsError."""
        self._huey = _open(database_url, jobs_url)
        self._wake = self._huey.task(name="wake")(_look)

    def send(self) -> None:
        """Wakes one worker."""
        self._huey.enqueue(self._wake.s())

    def wait(self, longest_seconds: float) -> bool:
        """Waits for a wake-up and takes it off the queue; returns whether there was one."""
        deadline = time.monotonic() + longest_seconds
        pause = _FIRST_LOOK_SECONDS
        while True:
            left = max(0.0, deadline - time.monotonic())
            if self._huey.storage.blocking:
                # In parts: what is sent while it begins to listen for the first time is only found by looking again.
                # Never 0, which to Redis means for ever.
                self._huey.storage.read_timeout = min(max(left, _FIRST_LOOK_SECONDS), _LISTEN_SECONDS)
            if self._huey.dequeue() is not None:
                return True
            if not left:
                return False
            if not self._huey.storage.blocking:
                time.sleep(min(pause, left))
                pause = min(pause * 1.5, _SLOWEST_LOOK_SECONDS)

    def check(self) -> None:
        """Raises Unavailable when the queue does not answer."""
        try:
            self._huey.pending_count()
        except Exception as error:  # drivers raise what they like, and may name the URL with its password
            raise Unavailable(f"the queue of jobs does not answer: {type(error).__name__}") from error

    def close(self) -> None:
        """Closes this thread's connections."""
        self._huey.storage.close()


def _look() -> None:
    """What a wake-up asks for; workers do it without Huey's machinery for running tasks."""


def _open(database_url: str, jobs_url: str | None) -> Huey:
    options: dict[str, Any] = {"results": False, "serializer": _Json()}
    if jobs_url:
        return _open_redis(jobs_url, options)
    scheme, _, rest = database_url.partition("://")
    if scheme == "sqlite":
        path = Path(rest.removeprefix("/")).expanduser()
        # A wake-up need not survive a power cut, so it does not wait for the disk.
        jobs = Path(f"{path}-jobs")
        jobs.touch(mode=0o600)  # nobody else's to read, like the database
        return SqliteHuey(_NAME, filename=str(jobs), fsync=False, cache_mb=1, **options)
    if scheme in ("postgresql", "postgres"):
        return _open_postgres(f"postgresql://{rest}", options)
    # CockroachDB has no LISTEN: without Redis its workers look by themselves, once a second.
    return MemoryHuey(_NAME, **options)


def _open_redis(url: str, options: dict[str, Any]) -> Huey:
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise SettingsError("GROUNDSWELL_JOBS_URL: expected redis://host:port/number")
    try:
        return RedisHuey(_NAME, url=url, **options)
    except ConfigurationError as error:
        raise SettingsError("GROUNDSWELL_JOBS_URL: Redis needs its library: pip install redis") from error


def _open_postgres(url: str, options: dict[str, Any]) -> Huey:
    from psycopg.errors import IntegrityError, ProgrammingError

    for left in reversed(range(_CREATE_TRIES)):
        try:
            return PostgresHuey(_NAME, dsn=url, table_prefix=_TABLE_PREFIX, **options)
        except (IntegrityError, ProgrammingError):
            # CREATE TABLE IF NOT EXISTS fails when two processes do it in the same moment.
            if not left:
                raise
            time.sleep(0.05)
    raise AssertionError("the last try returns or raises")
