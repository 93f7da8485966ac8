"""The schema: complete, created once by whichever process is first, and never newer than the build."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from groundswell_storage import errors, migrations, schema
from groundswell_storage.database import Database, connect
from groundswell_storage.migrations import freeze


@pytest.fixture
def empty(empty_database_url: str) -> Iterator[Database]:
    database = connect(empty_database_url)
    yield database
    database.close()


def shape(database: Database) -> dict[str, tuple[object, ...]]:
    """Returns the columns, keys and other indexes of each table, as the database reports them."""
    engine = database.engine
    keys = {name: engine.get_primary_keys(name) for name in engine.get_tables()}
    without_row_ids: set[str] = set()
    if database.dialect == "sqlite":
        without_row_ids = {name for _, name, _, _, wr, _ in database.execute("PRAGMA table_list") if wr}
    return {
        name: (
            sorted((c.name, c.full_type.lower(), c.null, c.primary_key) for c in engine.get_columns(name)),
            keys[name],
            # A key has an index of its own or not, as the database likes.
            sorted(
                (i.columns, i.unique, " where " in (i.sql or "").lower())
                for i in engine.get_indexes(name)
                if i.columns != keys[name]
            ),
            name in without_row_ids,
        )
        for name in engine.get_tables()
        if name not in ("schema_migration", "sqlite_sequence", "sqlite_stat1")
    }


def test_migrations_create_the_declared_tables(empty: Database, monkeypatch: pytest.MonkeyPatch):
    declared = freeze.declared_tables()
    for table in declared:
        if empty.dialect != "sqlite":
            monkeypatch.setattr(table._meta, "without_rowid", False)
    with empty.transaction():
        empty.engine.create_tables(declared)
    by_declaration = shape(empty)
    with empty.transaction():
        empty.engine.drop_tables(declared)
    empty.migrate()
    by_migration = shape(empty)

    assert sorted(by_migration) == sorted(by_declaration)
    for name, found in by_migration.items():
        assert found == by_declaration[name], name


def test_every_table_of_a_workspace_has_the_column():
    exceptions = {"audit_batch", "call_allowance", "deployment_secret", "event_consumer", "event_horizon"}
    exceptions |= {"experiment_event_horizon", "schedule", "stray_file"}
    for model in freeze.declared_tables():
        assert "workspace" in model._meta.fields or model._meta.table_name in exceptions, model


def test_migrating_again_does_nothing(empty: Database):
    assert empty.schema_version() == ""
    assert schema.pending(empty) == schema.known()

    assert empty.migrate() == schema.known()
    assert empty.migrate() == []
    assert empty.schema_version() == schema.known()[-1]


def test_processes_that_start_together_migrate_once(empty_database_url: str, empty: Database):
    start = "import sys; from groundswell_storage.database import connect; print(len(connect(sys.argv[1]).migrate()))"
    processes = [
        subprocess.Popen([sys.executable, "-c", start, empty_database_url], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    ran = [int(process.communicate(timeout=60)[0]) for process in processes]

    assert sorted(ran) == [0, 0, len(schema.known())]
    assert schema.applied(empty) == schema.known()


def test_a_newer_schema_is_refused_with_the_cure(database: Database):
    with database.transaction():
        database.execute(
            "INSERT INTO schema_migration (name, applied) VALUES ('9999_from_the_future', CURRENT_TIMESTAMP)"
        )

    with pytest.raises(errors.FailedPrecondition, match="9999_from_the_future") as refused:
        database.migrate()
    assert refused.value.reason == "SCHEMA_NEWER"
    assert "install the version" in refused.value.message


def test_a_migration_that_fails_leaves_the_schema_as_it_was(empty: Database, tmp_path):
    (tmp_path / "0001_good.py").write_text("def up(migrator, db):\n    db.execute_sql('CREATE TABLE good (id INT)')\n")
    (tmp_path / "0002_bad.py").write_text(
        "def up(migrator, db):\n    db.execute_sql('CREATE TABLE half (id INT)')\n    raise RuntimeError('broken')\n"
    )

    with pytest.raises(RuntimeError, match="broken"):
        schema.migrate(empty, tmp_path)

    assert schema.applied(empty) == ["0001_good"]
    assert "half" not in empty.engine.get_tables()
    (tmp_path / "0002_bad.py").write_text("def up(migrator, db):\n    db.execute_sql('CREATE TABLE whole (id INT)')\n")
    assert schema.migrate(empty, tmp_path) == ["0002_bad"]


def test_a_later_migration_starts_from_the_initial_schema(empty: Database, tmp_path):
    for name in schema.known():
        (tmp_path / f"{name}.py").write_text((Path(migrations.__file__).parent / f"{name}.py").read_text())
    schema.migrate(empty, tmp_path)
    with empty.transaction():
        empty.execute("INSERT INTO schedule (name, last_run_time, next_run_time) VALUES ('nightly', 1, 2)")

    (tmp_path / "9001_periods.py").write_text(LATER)

    assert schema.migrate(empty, tmp_path) == ["9001_periods"]
    assert empty.execute("SELECT name, period FROM schedule").fetchall() == [("nightly", 1)]


LATER = """
from peewee import BigIntegerField, Model, TextField


def up(migrator, db):
    class Schedule(Model):
        name = TextField(primary_key=True)
        last_run_time = BigIntegerField()
        next_run_time = BigIntegerField()
        period = BigIntegerField(null=True)

        class Meta:
            database = db

    migrator.migrate(migrator.add_column("schedule", "period", BigIntegerField(null=True)))
    Schedule.update(period=Schedule.next_run_time - Schedule.last_run_time).execute()
"""
