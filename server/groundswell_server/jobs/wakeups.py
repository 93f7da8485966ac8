"""The queue of wake-ups, by which servers notify workers of new operations. It is the only user of Huey.

A wake-up has no content: the work is in the operations table, so that a wake-up that is lost, late or repeated does no
harm. Huey keeps wake-ups in a file beside an SQLite database, in tables of its own on PostgreSQL, or in Redis when that
is set.
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
_FIRST_POLL_SECONDS = 0.02
_SLOWEST_POLL_SECONDS = 0.25
_LISTEN_SECONDS = 1.0
_CREATE_TRIES = 5


class _Json(Serializer):  # type: ignore[misc]
    """A serializer in place of Huey's pickle, through which a writer to the queue could run code in the workers."""

    def _serialize(self, data: Any) -> bytes:
        return json.dumps(data).encode()

    def _deserialize(self, data: bytes) -> Any:
        return Message(*json.loads(data))


class WakeUps:
    """Sends wake-ups and waits for them. Raises the errors of Huey when the queue is unreachable."""

    def __init__(self, database_url: str, jobs_url: str | None = None) -> None:
        """`jobs_url` is a redis:// URL, or None for the queue that belongs to the database. Raises SettingsError."""
        self._huey = _open(database_url, jobs_url)
        self._wake = self._huey.task(name="wake")(_look)

    def send(self) -> None:
        """Wakes one worker."""
        self._huey.enqueue(self._wake.s())

    def wait(self, longest_seconds: float) -> bool:
        """Waits for a wake-up and removes it from the queue. Returns False when none arrived in time."""
        deadline = time.monotonic() + longest_seconds
        pause = _FIRST_POLL_SECONDS
        while True:
            left = max(0.0, deadline - time.monotonic())
            if self._huey.storage.blocking:
                # In parts: a wake-up sent while the first listen begins is only found by the next one.
                # Never 0, which Redis takes for no limit.
                self._huey.storage.read_timeout = min(max(left, _FIRST_POLL_SECONDS), _LISTEN_SECONDS)
            if self._huey.dequeue() is not None:
                return True
            if not left:
                return False
            if not self._huey.storage.blocking:
                time.sleep(min(pause, left))
                pause = min(pause * 1.5, _SLOWEST_POLL_SECONDS)

    def check(self) -> None:
        """Raises Unavailable when the queue does not answer."""
        try:
            self._huey.pending_count()
        except Exception as error:  # errors of drivers may contain the URL with its password
            raise Unavailable(f"the job queue does not answer: {type(error).__name__}") from error

    def close(self) -> None:
        """Closes this thread's connections."""
        self._huey.storage.close()


def _look() -> None:
    """The task of a wake-up. It is never run: workers take wake-ups from the queue without Huey's consumer."""


def _open(database_url: str, jobs_url: str | None) -> Huey:
    options: dict[str, Any] = {"results": False, "serializer": _Json()}
    if jobs_url:
        return _open_redis(jobs_url, options)
    scheme, _, rest = database_url.partition("://")
    if scheme == "sqlite":
        path = Path(rest.removeprefix("/")).expanduser()
        # A wake-up need not survive a power failure, so it does not wait for the disk.
        jobs = Path(f"{path}-jobs")
        jobs.touch(mode=0o600)  # readable by this user only, like the database
        return SqliteHuey(_NAME, filename=str(jobs), fsync=False, cache_mb=1, **options)
    if scheme in ("postgresql", "postgres"):
        return _open_postgres(f"postgresql://{rest}", options)
    # CockroachDB has no LISTEN: without Redis its workers poll once a second.
    return MemoryHuey(_NAME, **options)


def _open_redis(url: str, options: dict[str, Any]) -> Huey:
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise SettingsError("GROUNDSWELL_JOBS_URL must be redis://host:port/number")
    try:
        return RedisHuey(_NAME, url=url, **options)
    except ConfigurationError as error:
        raise SettingsError(
            "GROUNDSWELL_JOBS_URL: the library for Redis is not installed: pip install redis"
        ) from error


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
