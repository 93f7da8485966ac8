"""Operations: held by a lease, fenced by its token, never lost with their worker."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from groundswell_storage import errors
from groundswell_storage.database import Database, connect
from groundswell_storage.events import events
from groundswell_storage.events.topics import OPERATION_CHANGED
from groundswell_storage.jobs import leases, operations
from groundswell_storage.jobs.operations import Operation

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LEASE = timedelta(minutes=1)
LAPSED = timedelta(seconds=-1)


def ask(database: Database, kind: str = "learning.train_model", **options) -> Operation:
    with database.scope("acme", "ann", now=NOON) as scope:
        return operations.create(scope, kind, b"request", **options)


def claim(database: Database, lease: timedelta = LEASE, **options) -> Operation:
    with database.transaction():
        found = leases.claim(database, lease, **options)
    assert found is not None
    return found


def read(database: Database, id: str) -> Operation:
    with database.scope("acme") as scope:
        return operations.get(scope, id)


def test_work_that_is_asked_for_waits_until_it_is_claimed(database: Database):
    asked = ask(database)
    assert (asked.state, asked.actor, asked.request, asked.attempt) == ("PENDING", "ann", b"request", 0)
    assert read(database, asked.id) == asked

    held = claim(database)
    assert (held.id, held.state, held.attempt) == (asked.id, "RUNNING", 1)
    assert held.lease_token
    assert held.start_time is not None
    assert held.lease_expire_time is not None
    assert held.lease_expire_time - held.start_time == pytest.approx(LEASE, abs=timedelta(seconds=1))
    with database.transaction():
        assert leases.claim(database, LEASE) is None


def test_the_one_that_waited_longest_comes_first_and_only_of_kinds_asked_for(database: Database):
    first, second = ask(database, "a"), ask(database, "b")
    with database.scope("acme", now=NOON + timedelta(seconds=1)) as scope:
        third = operations.create(scope, "a", b"")

    assert claim(database, kinds=["b", "c"]).id == second.id
    assert claim(database).id == first.id
    assert claim(database, kinds=["a"]).id == third.id


def test_a_success_carries_its_response(database: Database):
    held = claim_one(database)
    with database.transaction():
        assert leases.progress(database, held.id, held.lease_token, 40, "fitting") is False
        done = leases.succeed(database, held.id, held.lease_token, b"model", "type.googleapis.com/Model")

    assert done == read(database, held.id)
    assert (done.state, done.response, done.response_type) == ("SUCCEEDED", b"model", "type.googleapis.com/Model")
    assert (done.progress_pct, done.message, done.is_done, done.lease_token) == (100, "", True, "")
    assert done.end_time is not None


def test_progress_is_reported_to_one_decimal(database: Database):
    held = claim_one(database)
    with database.transaction():
        leases.progress(database, held.id, held.lease_token, 100 / 3, "fitting")
    assert (read(database, held.id).progress_pct, read(database, held.id).message) == (33.3, "fitting")


def claim_one(database: Database, lease: timedelta = LEASE, **options) -> Operation:
    ask(database, **options)
    return claim(database, lease)


def test_a_failure_is_the_end_or_another_attempt(database: Database):
    held = claim_one(database, max_attempts=2)
    error = {"code": "UNAVAILABLE", "reason": "PEER_UNAVAILABLE", "message": "no answer"}
    with database.transaction():
        again = leases.fail(database, held.id, held.lease_token, retry=True, **error)
    assert (again.state, again.error_reason, again.end_time) == ("PENDING", "PEER_UNAVAILABLE", None)

    held = claim(database)
    assert held.attempt == 2
    with database.transaction():
        failed = leases.fail(database, held.id, held.lease_token, retry=True, **error)
    assert (failed.state, failed.error_code, failed.error_message) == ("FAILED", "UNAVAILABLE", "no answer")
    assert failed.end_time is not None


def test_work_that_waits_is_cancelled_at_once(database: Database):
    asked = ask(database)
    with database.scope("acme") as scope:
        ended = operations.request_cancel(scope, asked.id)
    assert (ended.state, ended.cancel_requested) == ("CANCELLED", True)
    with database.transaction():
        assert leases.claim(database, LEASE) is None


def test_work_that_runs_learns_of_the_wish_at_its_next_step(database: Database):
    held = claim_one(database)
    with database.scope("acme") as scope:
        assert operations.request_cancel(scope, held.id).state == "RUNNING"
    with database.transaction():
        assert leases.progress(database, held.id, held.lease_token, 50) is True
        assert leases.renew(database, held.id, held.lease_token, LEASE) is True
        assert leases.cancelled(database, held.id, held.lease_token).state == "CANCELLED"


def test_asking_twice_or_too_late_changes_nothing(database: Database):
    held = claim_one(database)
    with database.transaction():
        done = leases.succeed(database, held.id, held.lease_token, b"", "")
    with database.scope("acme") as scope:
        assert operations.request_cancel(scope, held.id) == done


def test_a_worker_that_lost_its_lease_changes_nothing_more(database: Database):
    held = claim_one(database, LAPSED)
    with database.transaction():
        (waiting,) = leases.reap(database)
    assert (waiting.state, waiting.attempt) == ("PENDING", 1)
    other = claim(database)

    steps = [
        lambda: leases.renew(database, held.id, held.lease_token, LEASE),
        lambda: leases.progress(database, held.id, held.lease_token, 99),
        lambda: leases.succeed(database, held.id, held.lease_token, b"stale", ""),
        lambda: leases.fail(database, held.id, held.lease_token, code="", reason="", message=""),
        lambda: leases.cancelled(database, held.id, held.lease_token),
        lambda: leases.release(database, held.id, held.lease_token),
        lambda: leases.renew(database, held.id, "", LEASE),
    ]
    for step in steps:
        with pytest.raises(errors.Aborted) as refused, database.transaction():
            step()
        assert refused.value.reason == "LEASE_LOST"
    assert read(database, held.id) == other


def test_only_lapsed_leases_are_reaped_and_the_last_attempt_fails(database: Database):
    alive = claim_one(database)
    last = claim_one(database, LAPSED, max_attempts=1)
    unwanted = claim_one(database, LAPSED, max_attempts=3)
    with database.scope("acme") as scope:
        operations.request_cancel(scope, unwanted.id)

    with database.transaction():
        reaped = {operation.id: operation for operation in leases.reap(database)}
        assert leases.reap(database) == []

    assert reaped[last.id].state == "FAILED"
    assert reaped[last.id].error_reason == "ATTEMPTS_EXHAUSTED"
    assert reaped[unwanted.id].state == "CANCELLED"
    assert read(database, alive.id) == alive


def test_a_renewed_lease_does_not_lapse(database: Database):
    held = claim_one(database, LAPSED)
    with database.transaction():
        assert leases.renew(database, held.id, held.lease_token, LEASE) is False
        assert leases.reap(database) == []


def test_work_given_back_waits_again_and_the_attempt_does_not_count(database: Database):
    held = claim_one(database)
    with database.transaction():
        waiting = leases.release(database, held.id, held.lease_token)
    assert (waiting.state, waiting.attempt, waiting.lease_token) == ("PENDING", 0, "")
    assert claim(database).id == held.id


def test_only_ended_operations_can_be_deleted(database: Database):
    held = claim_one(database)
    with database.scope("acme") as scope:
        with pytest.raises(errors.FailedPrecondition) as refused:
            operations.delete(scope, held.id)
        assert refused.value.reason == "OPERATION_RUNNING"
    with database.transaction():
        leases.succeed(database, held.id, held.lease_token, b"", "")
    with database.scope("acme") as scope:
        operations.delete(scope, held.id)
        with pytest.raises(errors.NotFound):
            operations.get(scope, held.id)


def test_operations_are_listed_by_kind_and_state(database: Database):
    first = ask(database, "a")
    with database.scope("acme", now=NOON + timedelta(seconds=1)) as scope:
        second = operations.create(scope, "b", b"")
    claim(database, kinds=["b"])

    with database.scope("acme") as scope:
        assert [o.id for o in operations.list_operations(scope).items] == [second.id, first.id]
        assert [o.id for o in operations.list_operations(scope, kind="a").items] == [first.id]
        assert [o.id for o in operations.list_operations(scope, states=["RUNNING"]).items] == [second.id]
        page = operations.list_operations(scope, page_size=1)
        rest = operations.list_operations(scope, page_size=1, page_token=page.next_page_token)
        assert [o.id for o in rest.items] == [first.id]
    waiting, running = operations.count_unfinished(database)
    assert (waiting.kind, waiting.state, waiting.number, waiting.oldest) == ("a", "PENDING", 1, NOON)
    assert (running.kind, running.state, running.number) == ("b", "RUNNING", 1)


def test_another_workspace_cannot_see_or_stop_it(database: Database):
    asked = ask(database)
    with database.scope("rival") as scope:
        assert operations.list_operations(scope).items == []
        for act in (operations.get, operations.request_cancel, operations.delete):
            with pytest.raises(errors.NotFound) as refused:
                act(scope, asked.id)
            assert refused.value.reason == "OPERATION_NOT_FOUND"


def test_every_change_is_told(database: Database):
    held = claim_one(database)
    with database.transaction():
        leases.progress(database, held.id, held.lease_token, 40)
        leases.renew(database, held.id, held.lease_token, LEASE)
        leases.succeed(database, held.id, held.lease_token, b"", "")

    told = events.read_after(database, events.START, workspace="acme", topics=[OPERATION_CHANGED])
    assert [(event.subject_id, event.payload["state"], event.payload["progress_pct"]) for event in told] == [
        (held.id, "PENDING", 0),
        (held.id, "RUNNING", 0),
        (held.id, "RUNNING", 40),
        (held.id, "SUCCEEDED", 100),
    ]


def test_workers_that_claim_together_get_different_work(database: Database):
    ids = {ask(database).id for _ in range(40)}
    started = threading.Barrier(4, timeout=10)

    def work(_: int) -> list[str]:
        started.wait()
        mine = []
        while True:
            with database.transaction():
                held = leases.claim(database, LEASE)
            if held is None:
                database.drop_connection()
                return mine
            mine.append(held.id)

    with ThreadPoolExecutor(4) as workers:
        claimed = [id for mine in workers.map(work, range(4)) for id in mine]
    assert len(claimed) == 40
    assert set(claimed) == ids


def test_claiming_does_not_wait_for_a_claim_that_is_not_committed(postgresql_url: str):
    database = connect(postgresql_url)
    first, second = ask(database), ask(database)

    def claim_other() -> str:
        held = claim(database)
        database.drop_connection()
        return held.id

    with database.transaction():
        held = leases.claim(database, LEASE)
        assert held is not None
        with ThreadPoolExecutor(1) as elsewhere:
            other = elsewhere.submit(claim_other).result(timeout=10)
    assert {held.id, other} == {first.id, second.id}
    database.close()
