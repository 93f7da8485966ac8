"""The event log: nothing before its commit, nothing skipped, nothing twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from groundswell_storage import errors
from groundswell_storage.database import Database, connect
from groundswell_storage.events import events

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def publish(database: Database, *subjects: str, workspace: str = "acme", topic: str = "post.created") -> None:
    with database.scope(workspace, now=NOON) as scope:
        for subject in subjects:
            scope.publish(topic, subject, {"n": subject})


def test_events_are_read_in_order_after_a_cursor(database: Database):
    publish(database, "a", "b")
    publish(database, "c")

    first = events.read_after(database, events.START, limit=2)
    rest = events.read_after(database, events.decode_cursor(first[-1].cursor))

    assert [event.subject_id for event in first + rest] == ["a", "b", "c"]
    assert first[0].payload == {"n": "a"}
    assert (first[0].workspace, first[0].topic, first[0].time) == ("acme", "post.created", NOON)


def test_a_reader_may_want_one_workspace_or_some_topics(database: Database):
    publish(database, "a")
    publish(database, "b", workspace="rival")
    publish(database, "c", topic="post.deleted")

    def subjects(**wanted) -> list[str]:
        return [event.subject_id for event in events.read_after(database, events.START, **wanted)]

    assert subjects(workspace="acme") == ["a", "c"]
    assert subjects(topics=["post.created"]) == ["a", "b"]
    assert subjects(workspace="acme", topics=["post.deleted", "other"]) == ["c"]


def test_the_latest_position_gives_only_later_events(database: Database):
    assert events.latest_position(database) == events.START
    publish(database, "a")
    position = events.latest_position(database)
    publish(database, "b")

    assert [event.subject_id for event in events.read_after(database, position)] == ["b"]


def test_an_early_transaction_that_commits_late_is_not_skipped(postgresql_url: str):
    database = connect(postgresql_url)
    insert = (
        "INSERT INTO event (xid, workspace, topic, subject_id, payload, create_time) VALUES "
        "(pg_current_xact_id()::text::bigint, 'acme', 'post.created', 'early', '{}', 0)"
    )
    with psycopg.connect(postgresql_url) as slow:
        slow.execute(insert)
        publish(database, "late")

        seen = events.read_after(database, events.START)
        assert seen == []
        assert events.has_hidden(database)

        slow.commit()
    seen += events.read_after(database, seen[-1].position if seen else events.START)
    assert [event.subject_id for event in seen] == ["early", "late"]
    assert not events.has_hidden(database)
    database.close()


@pytest.mark.parametrize("cursor", ["x", "AAAA", "MS4", "MS4tMQ", "é", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OS4x"])
def test_a_cursor_that_was_made_up_is_refused(cursor: str):
    with pytest.raises(errors.InvalidArgument) as refused:
        events.decode_cursor(cursor)
    assert refused.value.reason == "CURSOR_INVALID"


def test_old_events_go_and_their_cursors_are_refused(database: Database):
    publish(database, "a")
    publish(database, "b", "c")
    first, second, third = events.read_after(database, events.START)

    with database.transaction():
        assert events.purge(database, timedelta(days=1), NOON) == 0
        assert events.purge(database, timedelta(days=1), NOON + timedelta(days=2)) == 2

    # The newest stays, because its number must not be reused.
    assert events.read_after(database, events.START) == [third]
    events.check_cursor(database, events.START)
    events.check_cursor(database, second.position)
    with pytest.raises(errors.FailedPrecondition) as refused:
        events.check_cursor(database, first.position)
    assert refused.value.reason == "CURSOR_EXPIRED"
    publish(database, "d")
    assert [event.subject_id for event in events.read_after(database, third.position)] == ["d"]
