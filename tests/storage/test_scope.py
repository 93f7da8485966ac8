"""A scope: reads, writes and events of one workspace."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from peewee import IntegrityError, PeeweeException

from groundswell_storage import errors
from groundswell_storage.database import Database, connect
from groundswell_storage.events import events
from groundswell_storage.failures import is_duplicate
from groundswell_storage.scope import Scope

from .conftest import DraftRow

MORNING = datetime(2026, 3, 1, 9, 30, 0, 123456, tzinfo=UTC)


def test_a_row_comes_back_as_it_was_written(database: Database, drafts: type[DraftRow]):
    with database.scope("acme") as scope:
        scope.insert(
            drafts,
            id="d1",
            text="Grüße 👋",
            tags=["a", {"b": None}],
            picture=b"\x00\xff",
            approved=True,
            create_time=MORNING,
        )
    with database.scope("acme") as scope:
        row = scope.get(drafts, "d1")
        queried = scope.select(drafts).where(drafts.approved).get()

    for found in (row, queried):
        assert found.text == "Grüße 👋"
        assert found.tags == ["a", {"b": None}]
        assert found.picture == b"\x00\xff"
        assert found.approved is True
        assert found.create_time == MORNING


def test_missing_values_get_the_default(database: Database, drafts: type[DraftRow]):
    with database.scope("acme") as scope:
        row = scope.insert(drafts, id="d1")
        stored = scope.get(drafts, "d1")

    assert (row.text, row.tags, row.picture, row.approved, row.create_time) == ("", [], None, False, None)
    assert (stored.text, stored.tags, stored.picture) == ("", [], None)
    assert (stored.approved, stored.create_time) == (False, None)


def test_many_rows_are_found_by_id_and_by_a_condition(database: Database, drafts: type[DraftRow]):
    with database.scope("rival") as scope:
        scope.insert(drafts, id="d0", text="theirs")
    with database.scope("acme") as scope:
        scope.insert(drafts, id="d1", text="one", tags=["a"])
        scope.insert(drafts, id="d2", text="two")
        found = scope.find_many(drafts, ["d2", "d1", "d0", "nowhere"])

        assert {id: (row.text, row.tags) for id, row in found.items()} == {"d1": ("one", ["a"]), "d2": ("two", [])}
        assert scope.find_many(drafts, []) == {}
        assert [row.id for row in scope.rows(drafts, "text > ? ORDER BY text DESC", "a")] == ["d2", "d1"]


def test_another_workspace_sees_nothing(database: Database, drafts: type[DraftRow]):
    with database.scope("acme") as scope:
        scope.insert(drafts, id="d1", text="secret")

    with database.scope("rival") as scope:
        assert scope.find(drafts, "d1") is None
        assert list(scope.select(drafts)) == []
        assert scope.update(drafts, text="stolen").execute() == 0
        assert scope.delete(drafts).where(drafts.id == "d1").execute() == 0
        with pytest.raises(errors.NotFound) as refused:
            scope.get(drafts, "d1")
    assert refused.value.reason == "DRAFT_NOT_FOUND"
    with database.scope("acme") as scope:
        assert scope.get(drafts, "d1").text == "secret"


def test_a_condition_with_or_does_not_let_other_workspaces_in(database: Database, drafts: type[DraftRow]):
    with database.scope("acme") as scope:
        scope.insert(drafts, id="d1", text="a")

    with database.scope("rival") as scope:
        found = scope.select(drafts).where((drafts.text == "x") | (drafts.text == "a"))
        assert list(found) == []


def test_many_rows_are_written_and_existing_ones_left(database: Database, drafts: type[DraftRow]):
    with database.scope("acme") as scope:
        scope.insert(drafts, id="7", text="first")
        written = scope.insert_many(
            drafts, ({"id": str(number), "tags": [number]} for number in range(1200)), skip_existing=True
        )

    assert written == 1199
    with database.scope("acme") as scope:
        assert scope.get(drafts, "7").text == "first"
        assert scope.get(drafts, "1199").tags == [1199]


def test_an_upsert_changes_the_row(database: Database, drafts: type[DraftRow]):
    with database.scope("acme") as scope:
        scope.insert(drafts, id="d1", text="old")
        scope.insert_query(drafts, id="d1", text="new", tags={"k": 1}).on_conflict(
            conflict_target=[drafts.id], preserve=[drafts.text, drafts.tags]
        ).execute()

        assert scope.get(drafts, "d1").text == "new"
        assert scope.select(drafts).where(drafts.tags["k"].as_int() == 1).count() == 1


def insert_within_savepoint(scope: Scope, *ids: str) -> None:
    with scope.savepoint():
        for id in ids:
            scope.insert(DraftRow, id=id)


def test_a_failed_part_leaves_the_rest_of_the_transaction(database: Database, drafts: type[DraftRow]):
    with database.scope("acme") as scope:
        scope.insert(drafts, id="d1")
        with pytest.raises(IntegrityError) as violated:
            insert_within_savepoint(scope, "d2", "d1")
        assert is_duplicate(violated.value, "draft")
        assert not is_duplicate(violated.value, "post")

    with database.scope("acme") as scope:
        assert scope.find(drafts, "d1") is not None
        assert scope.find(drafts, "d2") is None


def test_work_that_raises_leaves_nothing(database: Database, drafts: type[DraftRow]):
    def work() -> None:
        with database.scope("acme") as scope:
            scope.insert(drafts, id="d1")
            scope.publish("draft.created", "d1", {})
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        work()

    with database.scope("acme") as scope:
        assert scope.find(drafts, "d1") is None
    assert events.read_after(database, events.START) == []


def test_nothing_is_written_outside_a_transaction(database: Database, drafts: type[DraftRow]):
    with pytest.raises(PeeweeException):
        database.execute("DELETE FROM draft")
    with pytest.raises(PeeweeException):
        database.execute("WITH old AS (SELECT id FROM draft) DELETE FROM draft WHERE id IN (SELECT id FROM old)")
    with pytest.raises(PeeweeException):
        drafts.insert(workspace="acme", id="d1").execute()


def test_a_value_the_database_cannot_store_is_the_callers_mistake(postgresql_url: str):
    database = connect(postgresql_url)
    with pytest.raises(errors.InvalidArgument) as refused, database.scope("acme") as scope:
        scope.publish("draft.created", "nul\x00", {})
    assert refused.value.reason == "VALUE_NOT_STORABLE"
    database.close()


def test_transactions_do_not_nest(database: Database):
    with database.transaction(), pytest.raises(RuntimeError), database.transaction():
        pass


def test_two_databases_of_one_process_keep_apart(tmp_path, drafts: type[DraftRow], database: Database):
    other = connect(f"sqlite:///{tmp_path / 'other.db'}")
    with other.transaction():
        drafts.create_table()

    with database.scope("acme") as scope:
        scope.insert_query(drafts, id="d1").execute()
    with other.scope("acme") as scope:
        assert list(scope.select(drafts)) == []
    with database.scope("acme") as scope:
        assert [row.id for row in scope.select(drafts)] == ["d1"]
    other.close()
