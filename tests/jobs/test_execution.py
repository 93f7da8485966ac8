"""What becomes of an operation whose job succeeds, fails, is cancelled, is interrupted, or is no longer its own."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from google.protobuf.wrappers_pb2 import Int64Value, StringValue
from structlog.testing import capture_logs

from groundswell_server.jobs.job import Job, Postponed
from groundswell_server.jobs.lease import Stop
from groundswell_storage import errors
from groundswell_storage.database import Database
from groundswell_storage.jobs import leases, operations
from tests.jobs.running import ask, lapse, look, run, take
from tests.jobs.tiny_jobs import EFFECT, echo, effects
from tests.patience import eventually


def until_stopped(job: Job) -> StringValue:
    """A job that has no end of its own."""
    while True:
        job.progress(10)
        time.sleep(0.02)


def test_the_response_of_a_job_is_kept_with_its_type(database: Database) -> None:
    asked = ask(database, request="hello")
    assert run(database, take(database), echo)
    ended = look(database, asked)
    assert (ended.state, ended.progress_pct) == ("SUCCEEDED", 100)
    assert ended.response_type == "type.googleapis.com/google.protobuf.StringValue"
    assert StringValue.FromString(ended.response or b"").value == "hello"


def test_a_typed_error_is_kept_with_what_a_program_needs(database: Database) -> None:
    def refuse(job: Job) -> StringValue:
        raise errors.FailedPrecondition(
            "10 posts, 50 are needed", reason="INSUFFICIENT_SAMPLES", metadata={"have": "10", "need": "50"}
        )

    asked = ask(database)
    run(database, take(database), refuse)
    ended = look(database, asked)
    assert (ended.state, ended.error_code, ended.error_reason) == (
        "FAILED",
        "FAILED_PRECONDITION",
        "INSUFFICIENT_SAMPLES",
    )
    assert ended.error_metadata == {"have": "10", "need": "50"}
    assert ended.attempt == 1


@pytest.mark.parametrize("fault", [RuntimeError("the password is hunter2"), SystemExit(3)])
def test_an_unforeseen_fault_is_internal_and_keeps_its_words_to_the_log(
    database: Database, fault: BaseException
) -> None:
    def break_down(job: Job) -> StringValue:
        raise fault

    asked = ask(database)
    run(database, take(database), break_down)
    ended = look(database, asked)
    assert (ended.state, ended.error_code, ended.error_reason) == ("FAILED", "INTERNAL", "INTERNAL")
    assert "hunter2" not in ended.error_message
    assert asked.id in ended.error_message
    assert ended.error_metadata == {"request_id": asked.id}


def test_what_is_unavailable_now_is_tried_again_and_not_for_ever(database: Database) -> None:
    def unavailable(job: Job) -> StringValue:
        raise errors.Unavailable("the store of artifacts does not answer")

    asked = ask(database)
    for _ in range(asked.max_attempts - 1):
        assert not run(database, take(database), unavailable), "the worker pauses before the next try"
        assert look(database, asked).state == "PENDING"
    run(database, take(database), unavailable)
    ended = look(database, asked)
    assert (ended.state, ended.error_code, ended.attempt) == ("FAILED", "UNAVAILABLE", 3)


def test_a_running_job_that_is_cancelled_ends_at_its_next_step(database: Database) -> None:
    asked = ask(database)

    def cancelled_meanwhile(job: Job) -> StringValue:
        with database.scope("default") as scope:
            operations.request_cancel(scope, asked.id)
        return until_stopped(job)

    run(database, take(database), cancelled_meanwhile)
    assert look(database, asked).state == "CANCELLED"


def test_a_job_of_a_worker_that_shuts_down_goes_back_without_a_loss(database: Database) -> None:
    asked = ask(database)
    lease = take(database)

    def interrupted(job: Job) -> StringValue:
        lease.end_for(Stop.SHUTDOWN)
        return until_stopped(job)

    run(database, lease, interrupted)
    returned = look(database, asked)
    assert (returned.state, returned.attempt) == ("PENDING", 0)
    assert run(database, take(database), echo)
    assert look(database, asked).state == "SUCCEEDED"


def test_a_job_that_is_at_its_last_step_when_the_worker_shuts_down_takes_it(database: Database) -> None:
    asked = ask(database)
    lease = take(database)

    def nearly_done(job: Job) -> StringValue:
        lease.end_for(Stop.SHUTDOWN)
        with job.scope() as scope:
            scope.publish(EFFECT, "", {})
            job.complete(scope, StringValue())
        return StringValue()

    run(database, lease, nearly_done)
    assert (look(database, asked).state, effects(database)) == ("SUCCEEDED", 1)


def test_the_last_change_of_a_job_and_its_success_are_one(database: Database) -> None:
    asked = ask(database)

    def dies_after_the_commit(job: Job) -> StringValue:
        with job.scope() as scope:
            scope.publish(EFFECT, "", {})
            job.complete(scope, StringValue(value="done"))
        raise RuntimeError("too late to matter")

    def dies_before_the_commit(job: Job) -> StringValue:
        with job.scope() as scope:
            scope.publish(EFFECT, "", {})
            job.complete(scope, StringValue(value="done"))
            raise errors.Unavailable("the database went away")

    run(database, take(database), dies_before_the_commit)
    assert (look(database, asked).state, effects(database)) == ("PENDING", 0)
    run(database, take(database), dies_after_the_commit)
    assert (look(database, asked).state, effects(database)) == ("SUCCEEDED", 1)


def test_a_worker_that_lost_its_operation_can_change_nothing(database: Database) -> None:
    asked = ask(database)
    lease = take(database)
    told: list[str] = []

    def overtaken(job: Job) -> StringValue:
        lapse(database, asked)
        assert run(database, take(database), echo), "another worker takes it and finishes"
        try:
            with job.scope() as scope:
                scope.publish(EFFECT, "", {})
        except errors.Cancelled as error:
            told.append(error.message)
        return StringValue(value="late")

    run(database, lease, overtaken)
    ended = look(database, asked)
    assert (ended.state, ended.attempt, effects(database)) == ("SUCCEEDED", 2, 0)
    assert StringValue.FromString(ended.response or b"").value == ""
    assert told


def test_a_lost_lease_is_noticed_by_a_job_that_only_reports_progress(database: Database) -> None:
    asked = ask(database)

    def overtaken(job: Job) -> StringValue:
        lapse(database, asked)
        return until_stopped(job)

    run(database, take(database), overtaken)
    assert (look(database, asked).state, look(database, asked).attempt) == ("PENDING", 1)


def test_a_lease_is_renewed_for_as_long_as_the_job_runs(database: Database) -> None:
    asked = ask(database)
    first = take(database, timedelta(seconds=1))

    def longer_than_its_lease(job: Job) -> StringValue:
        taken = look(database, asked).lease_expire_time
        assert taken is not None
        eventually(lambda: (look(database, asked).lease_expire_time or taken) > taken + timedelta(seconds=2))
        with database.transaction():
            assert leases.reap(database) == []
        return StringValue()

    run(database, first, longer_than_its_lease)
    assert look(database, asked).state == "SUCCEEDED"


def test_progress_is_written_for_those_who_watch(database: Database) -> None:
    asked = ask(database)

    def half_way(job: Job) -> StringValue:
        def written() -> bool:
            job.progress(40, "fitting")
            return look(database, asked).progress_pct == 40

        eventually(written)
        return StringValue(value=look(database, asked).message)

    run(database, take(database), half_way)
    assert StringValue.FromString(look(database, asked).response or b"").value == "fitting"


def test_progress_within_a_transaction_writes_nothing_and_still_checks(database: Database) -> None:
    asked = ask(database)
    lease = take(database)

    def reports_inside(job: Job) -> StringValue:
        with job.scope():
            job.progress(90)
            lease.end_for(Stop.CANCEL)
            return until_stopped(job)

    run(database, lease, reports_inside)
    assert (look(database, asked).state, look(database, asked).progress_pct) == ("CANCELLED", 0)


def test_chance_is_the_same_in_every_attempt(database: Database) -> None:
    ask(database)
    drawn: list[int] = []

    def draw(job: Job) -> Int64Value:
        drawn.append(job.random.getrandbits(62))
        if job.attempt == 1:
            raise errors.Aborted("once more", reason="CONFLICT")
        return Int64Value(value=drawn[-1])

    run(database, take(database), draw)
    run(database, take(database), draw)
    assert len(drawn) == 2
    assert drawn[0] == drawn[1]


def test_a_job_reads_and_writes_in_the_workspace_of_its_operation(database: Database) -> None:
    ask(database, workspace="acme")

    def note(job: Job) -> StringValue:
        with job.scope() as scope:
            assert scope.workspace == job.reading().workspace == "acme"
            assert scope.actor == "ann"
        return StringValue()

    run(database, take(database), note)


def test_a_job_that_has_to_wait_long_goes_on_later_and_keeps_nobody_waiting(database: Database) -> None:
    def wait(job: Job) -> StringValue:
        raise Postponed(timedelta(hours=1), "waits for the tide")

    asked, other = ask(database), ask(database)
    assert not run(database, take(database), wait)
    waiting = look(database, asked)
    assert (waiting.state, waiting.attempt, waiting.message) == ("PENDING", 0, "waits for the tide")
    assert take(database).operation.id == other.id
    assert not leases.is_waiting(database, ["tiny.echo"])
    with database.transaction():
        database.execute("UPDATE operation SET due = 0 WHERE id = ?", (asked.id,))
    assert run(database, take(database), echo)
    assert look(database, asked).state == "SUCCEEDED"


def test_a_job_that_looks_again_and_again_whether_it_may_go_on_is_logged_once(database: Database) -> None:
    def wait(job: Job) -> StringValue:
        raise Postponed(timedelta(0), "waits for the tide")

    ask(database)
    with capture_logs() as told:
        for _ in range(3):
            run(database, take(database), wait)
        run(database, take(database), echo)
    assert [line["event"] for line in told if line["log_level"] == "info"] == ["job started", "job waits", "job ended"]
