"""Fixtures for all tests: a migrated database for each test, on SQLite and on PostgreSQL."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, settings

from groundswell_storage.database import Database, connect
from groundswell_storage.scope import Scope
from tests import postgresql

if TYPE_CHECKING:
    from tests.running import RunningServer

_TEMPLATE = "groundswell_template"

# The speed of generating examples depends on the load of the machine, not on the code under test.
settings.register_profile("patient", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL of a real PostgreSQL 18 that runs as long as the tests do, with a migrated template database."""
    server = postgresql.start(Path(tempfile.mkdtemp(prefix="groundswell-postgresql-")))
    url = server.get_uri()
    with psycopg.connect(url, autocommit=True) as connection:
        # Without this, the database of each test would wait for the disk; no test cuts the power.
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")
        connection.execute(f"CREATE DATABASE {_TEMPLATE}")
    template = connect(_with_name(url, _TEMPLATE))
    template.migrate()
    template.close()
    yield url
    server.cleanup()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file to copy."""
    path = tmp_path_factory.mktemp("template") / "groundswell.db"
    template = connect(f"sqlite:///{path}")
    template.migrate()
    template.close()
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of this test's own SQLite database, migrated."""
    path = tmp_path / "groundswell.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgresql_url(postgresql_server: str) -> Iterator[str]:
    """The URL of this test's own PostgreSQL database, migrated; several processes may use it."""
    with _new_postgresql_database(postgresql_server) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of this test's own database, once of each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """This test's own database, connected."""
    database = connect(database_url)
    yield database
    database.close()


@pytest.fixture
def scope(database: Database) -> Iterator[Scope]:
    """A scope of the workspace `default` in a transaction that is open for the whole test."""
    with database.scope("default", "tester") as scope:
        yield scope


@contextmanager
def _new_postgresql_database(server: str) -> Iterator[str]:
    """The URL of a copy of the template database, dropped in the end."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE} STRATEGY FILE_COPY")
        yield _with_name(server, name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _with_name(url: str, name: str) -> str:
    """The URL of another database on the same server."""
    head, separator, parameters = url.partition("?")
    return f"{head.rpartition('/')[0]}/{name}{separator}{parameters}"


@pytest.fixture
def server(database_url: str) -> Iterator[RunningServer]:
    """A real server with all services on this test's own database, once of each kind."""
    # Imported here, so that tests of the storage alone need no server.
    from tests.running import RunningServer

    with RunningServer(database_url) as running:
        yield running


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared_database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a database for all tests of a module that leave each other's data alone, once of each kind."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("shared") / "groundswell.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
    else:
        with _new_postgresql_database(request.getfixturevalue("postgresql_server")) as url:
            yield url


@pytest.fixture(scope="module")
def shared_server(shared_database_url: str) -> Iterator[RunningServer]:
    """A real server for all tests of a module that leave each other's data alone, once of each kind of database."""
    from tests.running import RunningServer

    with RunningServer(shared_database_url) as running:
        yield running
