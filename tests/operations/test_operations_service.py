"""google.longrunning.Operations on the wire."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import grpc
import pytest
from google.longrunning import operations_pb2 as pb
from google.longrunning import operations_pb2_grpc
from google.protobuf import duration_pb2
from google.protobuf.wrappers_pb2 import StringValue
from google.rpc import code_pb2, error_details_pb2

from groundswell.v1 import common_pb2
from groundswell_server.jobs.job import Job
from groundswell_storage.errors import FailedPrecondition
from groundswell_storage.jobs import operations
from groundswell_storage.jobs.operations import Operation
from tests.errors import refusal
from tests.jobs.running import ask, run, take
from tests.jobs.tiny_jobs import echo
from tests.running import RunningServer

HOSTILE_NAMES = [
    "",
    "operations",
    "operations/",
    "operations/7",
    f"Operations/{uuid4()}",
    f"operations/{uuid4()}/",
    f" operations/{uuid4()}",
    f"operations/{uuid4()}\n",
    f"operations/{str(uuid4()).upper()}",
    f"operations/{uuid4()}' OR '1'='1",
    "operations/../../etc/passwd",
    "operations/\x00",
    "operations/" + "a" * 100_000,
]


@pytest.fixture
def server(database_url: str) -> Iterator[RunningServer]:
    """A real server with this service alone."""
    with RunningServer(database_url, ("operations",)) as running:
        yield running


def stub_of(server: RunningServer, *metadata: tuple[str, str]) -> operations_pb2_grpc.OperationsStub:
    return operations_pb2_grpc.OperationsStub(server.channel(*metadata))


def name_of(operation: Operation) -> str:
    return f"operations/{operation.id}"


def test_an_operation_that_waits_is_not_done_and_tells_its_progress(server: RunningServer) -> None:
    asked = ask(server.app.database)
    found = stub_of(server).GetOperation(pb.GetOperationRequest(name=name_of(asked)))
    progress = common_pb2.OperationProgress()
    assert found.metadata.Unpack(progress)
    assert (found.done, progress.progress_pct, progress.attempt) == (False, 0, 0)
    assert progress.message == "waiting for a worker"
    assert found.WhichOneof("result") is None


def test_an_operation_that_succeeded_carries_its_response(server: RunningServer) -> None:
    database = server.app.database
    asked = ask(database, request="hello")
    run(database, take(database), echo)
    found = stub_of(server).GetOperation(pb.GetOperationRequest(name=name_of(asked)))
    response, progress = StringValue(), common_pb2.OperationProgress()
    assert found.done
    assert found.response.Unpack(response)
    assert response.value == "hello"
    assert found.metadata.Unpack(progress)
    assert (progress.progress_pct, progress.attempt) == (100, 1)


def test_an_operation_that_failed_carries_a_rich_error(server: RunningServer) -> None:
    def refuse(job: Job) -> StringValue:
        raise FailedPrecondition("too few", reason="INSUFFICIENT_SAMPLES", metadata={"have": "10", "need": "50"})

    database = server.app.database
    asked = ask(database)
    run(database, take(database), refuse)
    found = stub_of(server).GetOperation(pb.GetOperationRequest(name=name_of(asked)))
    info = error_details_pb2.ErrorInfo()
    assert found.done
    assert (found.error.code, found.error.message) == (code_pb2.FAILED_PRECONDITION, "too few")
    assert found.error.details[0].Unpack(info)
    assert (info.reason, info.domain) == ("INSUFFICIENT_SAMPLES", "groundswell.dev")
    assert dict(info.metadata) == {"have": "10", "need": "50"}


def test_an_operation_that_waits_is_cancelled_at_once(server: RunningServer) -> None:
    asked = ask(server.app.database)
    stub = stub_of(server)
    stub.CancelOperation(pb.CancelOperationRequest(name=name_of(asked)))
    found = stub.GetOperation(pb.GetOperationRequest(name=name_of(asked)))
    assert found.done
    assert found.error.code == code_pb2.CANCELLED


def test_cancelling_what_is_done_changes_nothing(server: RunningServer) -> None:
    database = server.app.database
    asked = ask(database)
    run(database, take(database), echo)
    stub = stub_of(server)
    before = stub.GetOperation(pb.GetOperationRequest(name=name_of(asked)))
    stub.CancelOperation(pb.CancelOperationRequest(name=name_of(asked)))
    assert stub.GetOperation(pb.GetOperationRequest(name=name_of(asked))) == before


def test_only_what_is_done_can_be_deleted(server: RunningServer) -> None:
    asked = ask(server.app.database)
    stub = stub_of(server)
    with refusal() as refused:
        stub.DeleteOperation(pb.DeleteOperationRequest(name=name_of(asked)))
    assert (refused.code, refused.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "OPERATION_RUNNING")
    stub.CancelOperation(pb.CancelOperationRequest(name=name_of(asked)))
    stub.DeleteOperation(pb.DeleteOperationRequest(name=name_of(asked)))
    with refusal() as refused:
        stub.GetOperation(pb.GetOperationRequest(name=name_of(asked)))
    assert (refused.code, refused.reason) == (grpc.StatusCode.NOT_FOUND, "OPERATION_NOT_FOUND")


def test_waiting_ends_when_the_operation_does(server: RunningServer) -> None:
    database = server.app.database
    asked = ask(database, request="hello")
    stub = stub_of(server)
    with ThreadPoolExecutor(1) as pool:
        request = pb.WaitOperationRequest(name=name_of(asked), timeout=duration_pb2.Duration(seconds=3600))
        waited = pool.submit(stub.WaitOperation, request, timeout=100)
        run(database, take(database), echo)
        assert waited.result(100).done


def test_waiting_for_what_is_done_does_not_wait(server: RunningServer) -> None:
    asked = ask(server.app.database)
    stub = stub_of(server)
    stub.CancelOperation(pb.CancelOperationRequest(name=name_of(asked)))
    assert stub.WaitOperation(pb.WaitOperationRequest(name=name_of(asked)), timeout=100).done


@pytest.mark.parametrize("timeout", [duration_pb2.Duration(), duration_pb2.Duration(nanos=1_000_000)])
def test_waiting_gives_the_latest_state_when_its_time_is_over(
    server: RunningServer, timeout: duration_pb2.Duration
) -> None:
    asked = ask(server.app.database)
    found = stub_of(server).WaitOperation(pb.WaitOperationRequest(name=name_of(asked), timeout=timeout))
    assert not found.done


def test_waiting_answers_before_the_deadline_of_the_call(server: RunningServer) -> None:
    asked = ask(server.app.database)
    found = stub_of(server).WaitOperation(pb.WaitOperationRequest(name=name_of(asked)), timeout=3)
    assert not found.done


def test_many_wait_and_hold_no_connection(server: RunningServer) -> None:
    database = server.app.database
    asked = ask(database)
    stub = stub_of(server)
    waiting = [stub.WaitOperation.future(pb.WaitOperationRequest(name=name_of(asked)), timeout=100) for _ in range(50)]
    run(database, take(database), echo)
    assert all(each.result(100).done for each in waiting)


def test_operations_are_listed_newest_first_in_pages(server: RunningServer) -> None:
    asked = [ask(server.app.database) for _ in range(5)]
    stub = stub_of(server)
    names: list[str] = []
    request = pb.ListOperationsRequest(name="operations", page_size=2)
    while True:
        page = stub.ListOperations(request)
        names += [operation.name for operation in page.operations]
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert names == [name_of(operation) for operation in reversed(asked)]


def test_a_filter_chooses_by_state_and_kind(server: RunningServer) -> None:
    database = server.app.database
    done, waiting = ask(database, kind="tiny.echo"), ask(database, kind="learning.train_model")
    with database.scope("default") as scope:
        operations.request_cancel(scope, done.id)
    stub = stub_of(server)

    def listed(text: str) -> list[str]:
        return [operation.name for operation in stub.ListOperations(pb.ListOperationsRequest(filter=text)).operations]

    assert listed("done = true") == [name_of(done)]
    assert listed("done=false") == [name_of(waiting)]
    assert listed("state = CANCELLED") == [name_of(done)]
    assert listed('kind = "learning.train_model" AND done = false') == [name_of(waiting)]
    assert listed("kind = learning.train_model AND done = true") == []
    assert listed("  ") == [name_of(waiting), name_of(done)]


@pytest.mark.parametrize(
    "text",
    [
        "done",
        "done = maybe",
        "done = true AND done = false",
        "done = true OR kind = a",
        "done = true AND",
        "AND",
        "color = red",
        "kind = a AND kind = b",
        'kind = "',
        "done = true kind = a",
        "x" * 5000,
        "\x00",
        "state = DONE",
    ],
)
def test_a_filter_that_is_not_understood_is_refused(server: RunningServer, text: str) -> None:
    with refusal() as refused:
        stub_of(server).ListOperations(pb.ListOperationsRequest(filter=text))
    assert (refused.code, refused.fields) == (grpc.StatusCode.INVALID_ARGUMENT, ("filter",))


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (pb.ListOperationsRequest(name="operations/all"), "name"),
        (pb.ListOperationsRequest(page_size=-1), "page_size"),
        (pb.ListOperationsRequest(page_token="made up"), "page_token"),
        (pb.ListOperationsRequest(page_token="x" * 100_000), "page_token"),
        (pb.ListOperationsRequest(return_partial_success=True), "return_partial_success"),
    ],
)
def test_a_list_that_cannot_be_made_names_the_field(
    server: RunningServer, request_: pb.ListOperationsRequest, field: str
) -> None:
    with refusal() as refused:
        stub_of(server).ListOperations(request_)
    assert (refused.code, refused.fields) == (grpc.StatusCode.INVALID_ARGUMENT, (field,))


def test_a_page_token_belongs_to_its_filter(server: RunningServer) -> None:
    for _ in range(2):
        ask(server.app.database)
    stub = stub_of(server)
    token = stub.ListOperations(pb.ListOperationsRequest(page_size=1)).next_page_token
    with refusal() as refused:
        stub.ListOperations(pb.ListOperationsRequest(page_size=1, filter="done = false", page_token=token))
    assert (refused.code, refused.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "PAGE_TOKEN_INVALID")


@pytest.mark.parametrize("timeout", [timedelta(seconds=-1), timedelta(microseconds=-1)])
def test_nobody_waits_a_negative_time(server: RunningServer, timeout: timedelta) -> None:
    request = pb.WaitOperationRequest(name=f"operations/{uuid4()}")
    request.timeout.FromTimedelta(timeout)
    with refusal() as refused:
        stub_of(server).WaitOperation(request)
    assert (refused.code, refused.fields) == (grpc.StatusCode.INVALID_ARGUMENT, ("timeout",))


def test_hostile_names_are_refused_by_every_call(server: RunningServer) -> None:
    stub = stub_of(server)
    for name in HOSTILE_NAMES:
        for call, request in (
            (stub.GetOperation, pb.GetOperationRequest(name=name)),
            (stub.DeleteOperation, pb.DeleteOperationRequest(name=name)),
            (stub.CancelOperation, pb.CancelOperationRequest(name=name)),
            (stub.WaitOperation, pb.WaitOperationRequest(name=name)),
        ):
            with refusal() as refused:
                call(request)
            assert (refused.code, refused.fields) == (grpc.StatusCode.INVALID_ARGUMENT, ("name",))


def test_another_workspace_sees_and_changes_nothing(server: RunningServer) -> None:
    asked = ask(server.app.database, workspace="acme")
    name = name_of(asked)
    stub = stub_of(server, server.key("rival"))
    for call, request in (
        (stub.GetOperation, pb.GetOperationRequest(name=name)),
        (stub.DeleteOperation, pb.DeleteOperationRequest(name=name)),
        (stub.CancelOperation, pb.CancelOperationRequest(name=name)),
        (stub.WaitOperation, pb.WaitOperationRequest(name=name)),
    ):
        with refusal() as refused:
            call(request)
        assert (refused.code, refused.reason) == (grpc.StatusCode.NOT_FOUND, "OPERATION_NOT_FOUND")
    assert not stub.ListOperations(pb.ListOperationsRequest()).operations
    own = stub_of(server, server.key("acme"))
    assert not own.GetOperation(pb.GetOperationRequest(name=name)).done


def test_a_reader_may_look_and_not_cancel(server: RunningServer) -> None:
    asked = ask(server.app.database, workspace="acme")
    stub = stub_of(server, server.key("acme", role="reader"))
    stub.GetOperation(pb.GetOperationRequest(name=name_of(asked)))
    with refusal() as refused:
        stub.CancelOperation(pb.CancelOperationRequest(name=name_of(asked)))
    assert refused.code is grpc.StatusCode.PERMISSION_DENIED


def test_a_server_that_ends_keeps_nobody_waiting(database_url: str) -> None:
    with RunningServer(database_url, ("operations",)) as server:
        asked = ask(server.app.database)
        waiting = stub_of(server).WaitOperation.future(pb.WaitOperationRequest(name=name_of(asked)), timeout=100)
    assert waiting.done(), "long before its own time was over"
