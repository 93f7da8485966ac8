"""A small table for these tests, on the database under test."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from peewee import BooleanField, TextField

from groundswell_storage.database import Database
from groundswell_storage.fields import BytesField, InstantField, JsonField
from groundswell_storage.table import Table


class DraftRow(Table):
    """Drafts of posts."""

    id = TextField(primary_key=True)
    text = TextField(default="")
    tags = JsonField(default=list)
    picture = BytesField(null=True)
    approved = BooleanField(default=False)
    create_time = InstantField(null=True)

    class Meta:
        indexes = ((("workspace", "create_time", "id"), False),)


@pytest.fixture
def drafts(database: Database) -> type[DraftRow]:
    """The table, empty."""
    with database.transaction():
        DraftRow.create_table()
    return DraftRow


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path) -> Iterator[str]:
    """Yields the URL of a database without a schema, for each kind of database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server = request.getfixturevalue("postgresql_server")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE empty")
        yield server.replace("/postgres?", "/empty?")
        connection.execute("DROP DATABASE empty WITH (FORCE)")
