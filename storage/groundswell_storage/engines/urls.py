"""Database URLs: the engine that one names, and the form without a password for logs and messages."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groundswell_storage.engines.tracked_database import Engine

HIDDEN = "**********"
_PASSWORD = re.compile(r"(?P<before>://[^:/@\s]*:)[^@\s]+(?=@)|(?P<named>[?&]password=)[^&\s]+")


def hide_password(text: str) -> str:
    """Returns the text with the passwords of all URLs in it hidden, wherever in the URL they are.

    >>> hide_password("at postgresql://ann:hush@host/name?password=hush&port=1")
    'at postgresql://ann:**********@host/name?password=**********&port=1'
    """
    return _PASSWORD.sub(lambda found: f"{found['before'] or found['named']}{HIDDEN}", text)


def open_engine(url: str, application: str) -> tuple[str, Engine]:
    """Returns the dialect (`sqlite`, `postgresql` or `cockroachdb`) and the engine; opens no connection yet.

    Raises ValueError, with the forms that work, for any other URL.
    """
    scheme, separator, rest = url.partition("://")
    if separator and scheme == "sqlite" and rest.startswith("/") and len(rest) > 1 and ":memory:" not in rest:
        from groundswell_storage.engines.sqlite import SqliteEngine

        return "sqlite", SqliteEngine(Path(rest[1:]).expanduser())
    if separator and scheme in ("postgresql", "postgres"):
        from groundswell_storage.engines.postgres import PostgresEngine

        return "postgresql", PostgresEngine(f"postgresql://{rest}", application)
    if separator and scheme == "cockroachdb":
        from groundswell_storage.engines.postgres import CockroachEngine

        return "cockroachdb", CockroachEngine(f"postgresql://{rest}", application)
    wrong = _complaint(scheme if separator else "", rest)
    raise ValueError(
        f"{wrong}: use sqlite:///relative.db, sqlite:////absolute/path.db, postgresql://user@host/name or "
        "cockroachdb://user@host/name"
    )


def _complaint(scheme: str, rest: str) -> str:
    """Returns what is wrong with a URL, without its password."""
    if scheme == "sqlite" and ":memory:" in rest:
        return "a database in memory cannot be shared by threads"
    if scheme == "sqlite":
        return "sqlite:// needs three slashes and a path"
    return f"{scheme}:// is not a supported kind of database" if scheme else "is not a database URL"
