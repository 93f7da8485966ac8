"""The audit log: written with the change, sealed in batches, and every later manipulation is detected."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from groundswell_storage.audit import audit, audit_chain
from groundswell_storage.audit.audit_chain import Verification
from groundswell_storage.database import Database

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = b"the key of the seals, which the database does not have"


def changes(database: Database, count: int, workspace: str = "acme") -> None:
    """Makes changes, a minute after each other."""
    for number in range(count):
        with database.scope(workspace, "ann", now=NOON + timedelta(minutes=number)) as scope:
            audit.record(scope, "door.painted", f"door/{number}", before={"colour": "grau"}, after={"colour": "grün"})


def sealed(database: Database) -> int:
    with database.transaction():
        return audit_chain.seal(database, KEY)


def verified(database: Database, key: bytes = KEY, head: str = "") -> Verification:
    with database.transaction():
        return audit_chain.verify(database, key, head=head)


def tamper(database: Database, sql: str, *parameters: object) -> None:
    with database.transaction():
        assert database.execute(sql, parameters).rowcount == 1


def faulty(found: Verification) -> list[int]:
    return [fault.batch for fault in found.faults]


def three_batches(database: Database) -> None:
    for _ in range(3):
        changes(database, 4)
        assert sealed(database) == 4


def test_an_entry_has_actor_action_time_and_the_state_before(database: Database):
    with database.scope("acme", "ann", now=NOON) as scope:
        audit.record(scope, "rollout.advanced", "rollout/7", reason="it is well", before={"pct": 5}, after={"pct": 20})
        (entry,) = audit.list_entries(scope).items

    assert (entry.actor, entry.time, entry.action, entry.subject) == ("ann", NOON, "rollout.advanced", "rollout/7")
    assert (entry.reason, entry.before, entry.after, entry.batch) == ("it is well", {"pct": 5}, {"pct": 20}, None)


def test_a_change_that_fails_leaves_no_entry(database: Database):
    def paint() -> None:
        with database.scope("acme") as scope:
            audit.record(scope, "door.painted", "door/1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        paint()
    with database.scope("acme") as scope:
        assert not audit.list_entries(scope).items


def test_a_workspace_sees_its_own_entries_newest_first(database: Database):
    changes(database, 3)
    changes(database, 1, "rival")
    with database.scope("acme") as scope:
        first = audit.list_entries(scope, page_size=2)
        rest = audit.list_entries(scope, page_size=2, page_token=first.next_page_token)
        assert [entry.subject for entry in (*first.items, *rest.items)] == ["door/2", "door/1", "door/0"]
        assert [entry.subject for entry in audit.list_entries(scope, subject="door/1").items] == ["door/1"]
        assert not audit.list_entries(scope, action="door.opened").items


def test_unchanged_entries_pass_the_check(database: Database):
    three_batches(database)
    changes(database, 2)

    found = verified(database)

    assert (found.batches, found.entries, found.unsealed, found.faults) == (3, 12, 2, ())
    assert verified(database, head=found.head).faults == ()
    assert sealed(database) == 2
    assert sealed(database) == 0
    assert not audit_chain.any_unsealed(database)
    assert verified(database, head=found.head).faults == ()


def test_a_long_backlog_becomes_several_batches(database: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(audit_chain, "BATCH_ENTRIES", 3)
    changes(database, 7)
    assert [sealed(database) for _ in range(4)] == [3, 3, 1, 0]
    assert verified(database).batches == 3


@pytest.mark.parametrize("column", ["workspace", "actor", "action", "subject", "reason", "before", "after"])
def test_a_changed_entry_is_found_in_its_batch(database: Database, column: str):
    three_batches(database)
    sql = f"UPDATE audit_entry SET {column} = ? WHERE batch = 2 AND subject = 'door/1'"
    tamper(database, sql, '{"colour":"grau "}')

    found = verified(database)

    assert faulty(found) == [2]
    assert "changed" in found.faults[0].problem


def test_a_changed_time_is_found(database: Database):
    three_batches(database)
    tamper(database, "UPDATE audit_entry SET create_time = create_time - 1 WHERE batch = 1 AND subject = 'door/0'")
    assert faulty(verified(database)) == [1]


def test_a_removed_entry_is_found_in_its_batch(database: Database):
    three_batches(database)
    tamper(database, "DELETE FROM audit_entry WHERE batch = 3 AND subject = 'door/3'")

    found = verified(database)

    assert faulty(found) == [3]
    assert found.faults[0].problem == "1 of its 4 entries were removed"


def test_an_inserted_entry_is_found_in_its_batch(database: Database):
    three_batches(database)
    changes(database, 1, "forged")
    tamper(database, "UPDATE audit_entry SET batch = 1 WHERE workspace = 'forged'")

    found = verified(database)

    assert faulty(found) == [1]
    assert found.faults[0].problem == "1 entries were inserted into its 4"


def test_an_entry_that_was_put_in_the_place_of_another_is_found(database: Database):
    three_batches(database)
    changes(database, 1, "forged")
    tamper(database, "DELETE FROM audit_entry WHERE batch = 2 AND subject = 'door/3'")
    tamper(database, "UPDATE audit_entry SET batch = 2 WHERE workspace = 'forged'")
    assert faulty(verified(database)) == [2]


def test_entries_of_a_batch_that_was_never_sealed_are_found(database: Database):
    three_batches(database)
    changes(database, 1, "forged")
    tamper(database, "UPDATE audit_entry SET batch = 9 WHERE workspace = 'forged'")
    assert faulty(verified(database)) == [9]


def test_a_batch_that_was_sealed_anew_without_the_key_is_found(database: Database):
    three_batches(database)
    tamper(database, "DELETE FROM audit_entry WHERE batch = 3 AND subject = 'door/3'")
    tamper(database, "DELETE FROM audit_batch WHERE number = 3")
    with database.transaction():
        database.execute("UPDATE audit_entry SET batch = NULL WHERE batch = 3")
        assert audit_chain.seal(database, b"a guess") == 3
    assert faulty(verified(database)) == [3]


def test_a_batch_that_vanished_with_its_entries_is_found(database: Database):
    three_batches(database)
    with database.transaction():
        database.execute("DELETE FROM audit_entry WHERE batch = 2")
    tamper(database, "DELETE FROM audit_batch WHERE number = 2")
    assert faulty(verified(database)) == [2, 3]


def test_the_end_that_vanished_is_found_by_a_seal_that_was_noted(database: Database):
    three_batches(database)
    noted = verified(database).head
    with database.transaction():
        database.execute("DELETE FROM audit_entry WHERE batch = 3")
    tamper(database, "DELETE FROM audit_batch WHERE number = 3")

    assert verified(database).faults == ()
    assert "missing from the end" in verified(database, head=noted).faults[0].problem


def test_many_servers_seal_every_entry_once(database: Database):
    changes(database, 12)
    together = threading.Barrier(4, timeout=10)

    def server(_: int) -> int:
        together.wait()
        mine = sealed(database)
        database.drop_connection()
        return mine

    with ThreadPoolExecutor(4) as servers:
        assert sum(servers.map(server, range(4))) == 12
    found = verified(database)
    assert (found.entries, found.unsealed, found.faults) == (12, 0, ())
