"""The schema: complete, made once whoever starts first, and never older than the build thinks."""

from __future__ import annotations

import importlib
import json
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from peewee import Model

import groundswell_storage
from groundswell_storage import errors, operations, schema
from groundswell_storage.database import Database, connect
from groundswell_storage.table import SystemTable, Table


@pytest.fixture
def empty(empty_database_url: str) -> Iterator[Database]:
    database = connect(empty_database_url)
    yield database
    database.close()


def all_tables() -> list[type[Model]]:
    """Every table that some module of the package declares."""
    for module in pkgutil.walk_packages(groundswell_storage.__path__, "groundswell_storage."):
        importlib.import_module(module.name)
    found: list[type[Model]] = []
    waiting: list[type[Model]] = [SystemTable]
    while waiting:
        for model in waiting.pop().__subclasses__():
            waiting.append(model)
            if model is not Table and model.__module__.startswith("groundswell_storage"):
                found.append(model)
    return found


def shape(database: Database) -> dict[str, tuple[object, object, object]]:
    """What the database says about its tables: columns with types, keys, other indexes with the columns they are on."""
    engine = database.engine
    keys = {name: engine.get_primary_keys(name) for name in engine.get_tables()}
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
        )
        for name in engine.get_tables()
        if name not in ("schema_migration", "sqlite_sequence", "sqlite_stat1")
    }


def test_migrations_make_what_the_tables_declare(empty: Database):
    declared = all_tables()
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


def test_every_table_of_a_workspace_says_so():
    exceptions = {"audit_batch", "call_allowance", "deployment_secret", "event_consumer", "event_horizon"}
    exceptions |= {"experiment_event_horizon", "schedule", "stray_file"}
    for model in all_tables():
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


def test_handles_of_personas_that_were_deleted_long_ago_are_put_back_into_the_register(empty: Database, tmp_path):
    """As a build left it that took them out with their persona."""
    for name in schema.known():
        if name < "0028":
            (tmp_path / f"{name}.py").write_text((Path(schema.__file__).parent / f"migrations/{name}.py").read_text())
    schema.migrate(empty, tmp_path)

    def persona(workspace: str, id: str, handle: str, deleted: int | None) -> None:
        values = {"id": id, "name": id, "niche": "", "time_zone": "UTC", "created": 1, "updated": 1, "version": 1}
        handles = json.dumps([{"platform": 4, "handle": handle, "follower_count": None}])
        others = {"workspace": workspace, "handles": handles, "deleted": deleted}
        opted = {"sharing_opt_out": False, "tracking_opt_out": False}
        row = {**values, **others, **opted}
        marks = ", ".join("?" * len(row))
        empty.execute(f"INSERT INTO persona ({', '.join(row)}) VALUES ({marks})", list(row.values()))

    with empty.transaction():
        persona("a", "gone", "@Luna.Sky", 5)
        persona("a", "gone too", "luna.sky", 6)
        persona("b", "replaced", "Mira", 7)
        persona("b", "alive", "mira", None)
        empty.execute(
            "INSERT INTO persona_handle (workspace, platform, handle, persona_id) VALUES (?, ?, ?, ?)",
            ("b", 4, "mira", "alive"),
        )
    assert "0028_retired_handles" in schema.migrate(empty)
    rows = empty.execute("SELECT workspace, platform, handle, persona_id FROM persona_handle ORDER BY handle")
    assert [tuple(row) for row in rows.fetchall()] == [("a", 4, "lunasky", ""), ("b", 4, "mira", "alive")]
    with empty.scope("a", "tester") as scope:
        (asked,) = operations.under_way(scope, "engagement.judge_handles")
        assert json.loads(asked.request) == [[4, "lunasky"]]
    with empty.scope("b", "tester") as scope:
        assert not operations.under_way(scope, "engagement.judge_handles")
