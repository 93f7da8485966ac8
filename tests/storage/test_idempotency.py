"""The record of a request id: one effect, one answer."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from groundswell_storage import errors
from groundswell_storage.calls import idempotency
from groundswell_storage.database import Database, connect
from groundswell_storage.executor import DatabaseExecutor
from groundswell_storage.scope import Scope

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DIGEST = b"of the request"


def test_an_answer_is_found_again(database: Database):
    with database.scope("acme", now=NOON) as scope:
        assert idempotency.find(scope, "r1", "CreatePost", DIGEST) is None
        idempotency.remember(scope, "r1", "CreatePost", DIGEST, b"the answer")
    with database.scope("acme", now=NOON) as scope:
        assert idempotency.find(scope, "r1", "CreatePost", DIGEST) == b"the answer"


@pytest.mark.parametrize(("method", "digest"), [("CreatePost", b"of another"), ("DeletePost", DIGEST)])
def test_an_id_used_for_something_else_is_refused(database: Database, method: str, digest: bytes):
    with database.scope("acme", now=NOON) as scope:
        idempotency.remember(scope, "r1", "CreatePost", DIGEST, b"the answer")
        with pytest.raises(errors.InvalidArgument) as refused:
            idempotency.find(scope, "r1", method, digest)
    assert refused.value.reason == "REQUEST_ID_REUSED"
    assert refused.value.fields[0].field == "request_id"


def test_workspaces_may_use_the_same_id(database: Database):
    with database.scope("acme", now=NOON) as scope:
        idempotency.remember(scope, "r1", "CreatePost", DIGEST, b"ours")
    with database.scope("rival", now=NOON) as scope:
        assert idempotency.find(scope, "r1", "CreatePost", DIGEST) is None
        idempotency.remember(scope, "r1", "CreatePost", DIGEST, b"theirs")


def test_an_answer_is_kept_for_a_day(database: Database):
    with database.scope("acme", now=NOON) as scope:
        idempotency.remember(scope, "r1", "CreatePost", DIGEST, b"first")
    with database.scope("acme", now=NOON + timedelta(hours=24)) as scope:
        assert idempotency.find(scope, "r1", "CreatePost", DIGEST) == b"first"
    with database.scope("acme", now=NOON + timedelta(hours=25)) as scope:
        assert idempotency.find(scope, "r1", "CreatePost", DIGEST) is None
        idempotency.remember(scope, "r1", "CreatePost", DIGEST, b"second")


def test_old_records_are_purged(database: Database):
    with database.scope("acme", now=NOON) as scope:
        idempotency.remember(scope, "r1", "CreatePost", DIGEST, b"old")
    with database.scope("acme", now=NOON + timedelta(hours=20)) as scope:
        idempotency.remember(scope, "r2", "CreatePost", DIGEST, b"new")
        assert idempotency.purge(database, NOON + timedelta(hours=25)) == 1
        assert idempotency.find(scope, "r2", "CreatePost", DIGEST) == b"new"


def creating(database: Database, request_id: str) -> Callable[[], bytes]:
    """Returns a call as the server makes it; its answer names the run that had the effect."""

    def work() -> bytes:
        scope = Scope(database, "acme", "tester", NOON)
        found = idempotency.find(scope, request_id, "CreatePost", DIGEST)
        if found is not None:
            return found
        answer = scope.new_id()
        scope.publish("post.created", answer, {})
        idempotency.remember(scope, request_id, "CreatePost", DIGEST, answer.encode())
        return answer.encode()

    return work


def test_the_same_call_many_times_at_once_has_one_effect(database: Database):
    executor = DatabaseExecutor(database, max_batch=3)

    async def main() -> list[Any]:
        return await asyncio.gather(*(executor.write(creating(database, "r1")) for _ in range(40)))

    answers = asyncio.run(main())
    executor.close()
    assert len(set(answers)) == 1
    assert database.execute("SELECT count(*) FROM event").fetchone()[0] == 1


def test_the_loser_of_a_race_reads_the_winners_answer(postgresql_url: str):
    database = connect(postgresql_url)
    executor = DatabaseExecutor(database, threads=2, max_batch=1)
    both_looked = threading.Barrier(2, timeout=10)
    waited: set[int] = set()

    def racing() -> bytes:
        scope = Scope(database, "acme", "tester", NOON)
        found = idempotency.find(scope, "r1", "CreatePost", DIGEST)
        if found is not None:
            return found
        if threading.get_ident() not in waited:
            waited.add(threading.get_ident())
            both_looked.wait()
        answer = scope.new_id()
        scope.publish("post.created", answer, {})
        idempotency.remember(scope, "r1", "CreatePost", DIGEST, answer.encode())
        return answer.encode()

    async def main() -> list[Any]:
        return await asyncio.gather(executor.write(racing), executor.write(racing))

    first, second = asyncio.run(main())
    executor.close()
    assert first == second
    assert database.execute("SELECT count(*) FROM event").fetchone()[0] == 1
    database.close()
