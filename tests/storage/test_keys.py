"""API keys: shown once, found by their secret, ended at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from groundswell_storage import errors
from groundswell_storage.access import keys
from groundswell_storage.database import Database
from groundswell_storage.events import events
from groundswell_storage.events.topics import KEY_CHANGED

NOW = datetime.now(UTC)


def make(database: Database, **options) -> tuple[keys.KeyRecord, str]:
    with database.scope("acme", "ann", now=NOW) as scope:
        return keys.create(scope, **{"name": "CI", "role": "writer", **options})


def test_a_key_is_known_by_its_token(database: Database):
    record, token = make(database, scopes=("posts", "contexts"))

    found = keys.authenticate(database, token)

    assert found == record
    assert (found.workspace, found.role, found.scopes, found.created_by) == (
        "acme",
        "writer",
        ("posts", "contexts"),
        "ann",
    )
    assert token.startswith(f"gsk_{record.id}_")


def test_the_secret_is_not_in_the_database(database: Database):
    _, token = make(database)
    secret = token.rpartition("_")[2]

    rows = database.execute("SELECT * FROM api_key").fetchall()
    assert secret not in repr(rows)
    assert bytes.fromhex(secret) not in [bytes(v) for v in rows[0] if isinstance(v, (bytes, memoryview))]
    assert len(bytes.fromhex(secret)) == 32


@pytest.mark.parametrize("broken", ["", "gsk", "gsk__", "gsk_x_y", "{id}", "gsk_{id}_", "GSK_{id}_{secret}", "{token}0",
                                    "gsk_{id}_é", "gsk_\x00_{secret}", "Bearer {token}"])  # fmt: skip
def test_a_token_that_is_not_quite_right_is_nobody(database: Database, broken: str):
    record, token = make(database)
    text = broken.format(id=record.id, token=token, secret=token.rpartition("_")[2])

    assert keys.authenticate(database, text) is None


def test_a_role_that_does_not_exist_is_refused(database: Database):
    with pytest.raises(errors.InvalidArgument, match="reader, writer"):
        make(database, role="root")


def test_a_revoked_key_is_nobody(database: Database):
    record, token = make(database)
    with database.scope("acme", now=NOW) as scope:
        assert keys.revoke(scope, record.id).revoke_time == NOW
    with database.scope("acme", now=NOW + timedelta(hours=1)) as scope:
        assert keys.revoke(scope, record.id).revoke_time == NOW

    assert keys.authenticate(database, token) is None


def test_a_key_ends_with_its_lifetime(database: Database):
    _, ended = make(database, lifetime=timedelta(seconds=-1))
    _, alive = make(database, lifetime=timedelta(hours=1))

    assert keys.authenticate(database, ended) is None
    assert keys.authenticate(database, alive) is not None


def test_a_rotated_key_has_a_new_secret_and_the_old_one_is_dead(database: Database):
    record, old = make(database)
    with database.scope("acme", now=NOW) as scope:
        again, new = keys.rotate(scope, record.id)

    assert again.id == record.id
    assert keys.authenticate(database, old) is None
    assert keys.authenticate(database, new) == record


def test_an_old_secret_lives_through_the_grace_and_no_longer(database: Database):
    record, old = make(database)
    with database.scope("acme", now=NOW) as scope:
        _, new = keys.rotate(scope, record.id, grace=timedelta(hours=1))
    assert keys.authenticate(database, old) == record
    assert keys.authenticate(database, new) == record

    with database.scope("acme", now=NOW - timedelta(hours=2)) as scope:
        _, newest = keys.rotate(scope, record.id, grace=timedelta(hours=1))
    assert keys.authenticate(database, old) is None
    assert keys.authenticate(database, new) is None
    assert keys.authenticate(database, newest) == record


def test_a_revoked_key_cannot_be_rotated(database: Database):
    record, _ = make(database)
    with database.scope("acme") as scope:
        keys.revoke(scope, record.id)
        with pytest.raises(errors.FailedPrecondition) as refused:
            keys.rotate(scope, record.id)
    assert refused.value.reason == "API_KEY_REVOKED"


def test_keys_are_listed_newest_first_with_their_last_use(database: Database):
    first, _ = make(database, name="first")
    with database.scope("acme", now=NOW + timedelta(seconds=1)) as scope:
        second, _ = keys.create(scope, name="second", role="reader")
    with database.transaction():
        keys.touch(database, {first.id: NOW})
        keys.touch(database, {first.id: NOW - timedelta(hours=1), "unknown": NOW})

    with database.scope("acme") as scope:
        page = keys.list_keys(scope)
        assert [key.name for key in page.items] == ["second", "first"]
        assert page.items[1].last_use_time == NOW
        assert keys.get(scope, second.id) == second


def test_another_workspace_cannot_touch_a_key(database: Database):
    record, token = make(database)
    with database.scope("rival") as scope:
        assert keys.list_keys(scope).items == []
        for act in (keys.get, keys.revoke, keys.rotate):
            with pytest.raises(errors.NotFound):
                act(scope, record.id)
    assert keys.authenticate(database, token) == record


def test_every_change_is_told(database: Database):
    record, _ = make(database)
    with database.scope("acme") as scope:
        keys.rotate(scope, record.id)
        keys.revoke(scope, record.id)

    told = events.read_after(database, events.START, topics=[KEY_CHANGED])
    assert [(event.subject_id, event.payload["change"]) for event in told] == [
        (record.id, "created"),
        (record.id, "rotated"),
        (record.id, "revoked"),
    ]
