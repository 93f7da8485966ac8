"""Long work: how far it is, cancelling it, waiting for what comes of it."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest
from google.longrunning import operations_pb2
from google.longrunning.operations_pb2 import Operation
from google.protobuf import any_pb2, empty_pb2
from google.protobuf.message import Message
from google.rpc import status_pb2

from groundswell import (
    AsyncClient,
    Cancelled,
    Client,
    DataLoss,
    DeadlineExceeded,
    FailedPrecondition,
    NotFound,
    OperationHandle,
    Unavailable,
    operations,
    types,
)
from tests.client.loopback import Answer, LoopbackServer, always, failing, in_turn, reason, unavailable

NAME = "operations/7"
MODEL = types.Model(id="m-7", version=3)


def _any(message: Message) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed


def _running(pct: float = 0, message: str = "") -> Operation:
    return Operation(name=NAME, metadata=_any(types.OperationProgress(progress_pct=pct, message=message)))


def _ended(result: Message) -> Operation:
    progress = types.OperationProgress(progress_pct=100, message="trained")
    return Operation(name=NAME, metadata=_any(progress), done=True, response=_any(result))


def _failed(code: grpc.StatusCode, message: str, *details: Message) -> Operation:
    status = status_pb2.Status(code=code.value[0], message=message, details=[_any(detail) for detail in details])
    return Operation(name=NAME, done=True, error=status)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "REPORT_EVERY", 0.01)


def _begin(client: Client, loopback: LoopbackServer, *waits: Answer) -> OperationHandle[types.Model]:
    loopback.answers["TrainModel"] = always(types.TrainModelResponse(operation=_running(5, "reading posts")))
    loopback.answers["WaitOperation"] = in_turn(*waits)
    return client.learning.train_model(model_type="engagement_predictor")


def test_the_result_has_its_own_type(client: Client, loopback: LoopbackServer) -> None:
    handle = _begin(client, loopback, always(_ended(MODEL)))
    assert handle.name == NAME
    assert handle.result() == MODEL


def test_work_that_is_done_at_once_is_not_waited_for(client: Client, loopback: LoopbackServer) -> None:
    loopback.answers["TrainModel"] = always(types.TrainModelResponse(operation=_ended(MODEL)))
    assert client.learning.train_model(model_type=types.MODEL_TYPE_SUCCESS_CLASSIFIER).result() == MODEL
    assert [asked.call for asked in loopback.asked] == ["TrainModel"]


def test_progress_is_told_to_a_function_once_a_change(client: Client, loopback: LoopbackServer) -> None:
    fitting = always(_running(40, "fitting"))
    handle = _begin(client, loopback, fitting, fitting, always(_running(90, "testing")), always(_ended(MODEL)))
    told: list[tuple[float, str]] = []
    handle.result(progress=lambda pct, message: told.append((pct, message)))
    assert told == [(5, "reading posts"), (40, "fitting"), (90, "testing"), (100, "trained")]


def test_progress_is_written_to_stderr(
    client: Client, loopback: LoopbackServer, capsys: pytest.CaptureFixture[str]
) -> None:
    handle = _begin(client, loopback, always(_running(40, "fitting")), always(_ended(MODEL)))
    handle.result(progress=True)
    captured = capsys.readouterr()
    assert captured.err == "  5% reading posts\n 40% fitting\n100% trained\n"
    assert captured.out == ""


def test_nothing_is_written_unless_asked(
    client: Client, loopback: LoopbackServer, capsys: pytest.CaptureFixture[str]
) -> None:
    _begin(client, loopback, always(_ended(MODEL))).result()
    assert capsys.readouterr().err == ""


def test_a_failure_of_the_work_is_a_typed_error(client: Client, loopback: LoopbackServer) -> None:
    info = reason("INSUFFICIENT_SAMPLES", have="12", need="50")
    failed = _failed(grpc.StatusCode.FAILED_PRECONDITION, "too little data", info)
    with pytest.raises(FailedPrecondition, match="too little data") as caught:
        _begin(client, loopback, always(failed)).result()
    assert caught.value.reason == "INSUFFICIENT_SAMPLES"
    assert caught.value.metadata == {"have": "12", "need": "50"}


def test_waiting_ends_at_its_time_and_the_work_goes_on(client: Client, loopback: LoopbackServer) -> None:
    handle = _begin(client, loopback, always(_running(40)))
    with pytest.raises(DeadlineExceeded, match="the work continues"):
        handle.result(timeout=0.2)
    assert "CancelOperation" not in [asked.call for asked in loopback.asked]


def test_the_server_is_asked_to_wait_no_longer_than_the_caller(client: Client, loopback: LoopbackServer) -> None:
    _begin(client, loopback, always(_ended(MODEL))).result(timeout=3)
    (request,) = loopback.requests("WaitOperation")
    assert 0 < request.timeout.ToTimedelta().total_seconds() <= 3


def test_a_server_that_can_t_wait_is_asked_again_and_again(client: Client, loopback: LoopbackServer) -> None:
    handle = _begin(client, loopback, failing(grpc.StatusCode.UNIMPLEMENTED, "no"))
    loopback.answers["GetOperation"] = in_turn(always(_running(40)), always(_ended(MODEL)))
    assert handle.result() == MODEL


def test_waiting_outlives_a_restart_of_the_server(client: Client, loopback: LoopbackServer) -> None:
    handle = _begin(client, loopback, *[unavailable] * 7, always(_ended(MODEL)))
    assert handle.result() == MODEL


def test_waiting_ends_when_there_is_no_such_work(client: Client, loopback: LoopbackServer) -> None:
    gone = failing(grpc.StatusCode.NOT_FOUND, "no such operation", reason("OPERATION_NOT_FOUND"))
    with pytest.raises(NotFound):
        _begin(client, loopback, gone).result()


def test_cancelled_work_raises_cancelled(client: Client, loopback: LoopbackServer) -> None:
    stopped = _failed(grpc.StatusCode.CANCELLED, "cancelled", reason("CANCELLED"))
    handle = _begin(client, loopback, always(_running(40)))

    def cancel(request: operations_pb2.CancelOperationRequest, context: Any) -> empty_pb2.Empty:
        loopback.answers["WaitOperation"] = always(stopped)
        return empty_pb2.Empty()

    loopback.answers["CancelOperation"] = cancel
    handle.cancel()
    with pytest.raises(Cancelled):
        handle.result()
    assert loopback.requests("CancelOperation") == [operations_pb2.CancelOperationRequest(name=NAME)]


def test_cancelling_is_repeated_while_the_server_is_unavailable(client: Client, loopback: LoopbackServer) -> None:
    handle = _begin(client, loopback, unavailable)
    loopback.answers["CancelOperation"] = in_turn(unavailable, always(empty_pb2.Empty()))
    handle.cancel()
    assert len(loopback.requests("CancelOperation")) == 2


def test_progress_is_that_of_the_last_look(client: Client, loopback: LoopbackServer) -> None:
    handle = _begin(client, loopback, unavailable)
    assert handle.progress == (5, "reading posts")
    loopback.answers["GetOperation"] = always(_running(40, "fitting"))
    assert handle.done() is False
    assert handle.progress.pct == 40
    assert repr(handle) == "<OperationHandle operations/7: 40% fitting>"
    loopback.answers["GetOperation"] = always(_ended(MODEL))
    assert handle.done() is True
    assert repr(handle) == "<OperationHandle operations/7: done>"


def test_progress_that_can_t_be_read_is_none(client: Client, loopback: LoopbackServer) -> None:
    damaged = any_pb2.Any(type_url=f"x/{types.OperationProgress.DESCRIPTOR.full_name}", value=b"\xff")
    for metadata in (damaged, _any(MODEL), any_pb2.Any()):
        loopback.answers["GetOperation"] = always(Operation(name=NAME, metadata=metadata))
        assert client.operations.handle(NAME).progress == (0, "")


@pytest.mark.parametrize(
    "response",
    [
        _any(types.Post(id="7")),
        any_pb2.Any(type_url=f"x/{types.Model.DESCRIPTOR.full_name}", value=b"\xff"),
        any_pb2.Any(),
    ],
    ids=["another type", "damaged", "nothing"],
)
def test_a_result_that_is_none_is_data_loss(client: Client, loopback: LoopbackServer, response: any_pb2.Any) -> None:
    handle = _begin(client, loopback, always(Operation(name=NAME, done=True, response=response)))
    with pytest.raises(DataLoss):
        handle.result()


def test_work_is_taken_up_again_by_its_name(client: Client, loopback: LoopbackServer) -> None:
    loopback.answers["GetOperation"] = always(_ended(MODEL))
    assert client.operations.handle(NAME).result() == MODEL


def test_a_result_of_a_type_that_nobody_knows_is_data_loss(client: Client, loopback: LoopbackServer) -> None:
    strange = Operation(name=NAME, done=True, response=any_pb2.Any(type_url="x/groundswell.v9.Strange"))
    loopback.answers["GetOperation"] = always(strange)
    with pytest.raises(DataLoss, match="Strange"):
        client.operations.handle(NAME).result()


def test_operations_are_listed_and_forgotten(client: Client, loopback: LoopbackServer) -> None:
    response = operations_pb2.ListOperationsResponse(operations=[_running(), _ended(MODEL)])
    loopback.answers["ListOperations"] = always(response)
    loopback.answers["DeleteOperation"] = always(empty_pb2.Empty())
    loopback.answers["CancelOperation"] = always(empty_pb2.Empty())
    loopback.answers["WaitOperation"] = always(_running(40))
    assert [operation.done for operation in client.operations.list_operations(page_size=10)] == [False, True]
    client.operations.cancel_operation(NAME)
    client.operations.delete_operation(NAME)
    assert not client.operations.wait_operation(NAME, wait=0.5).done
    assert loopback.requests("WaitOperation")[0].timeout.ToMilliseconds() == 500


def test_forgetting_is_not_repeated(client: Client, loopback: LoopbackServer) -> None:
    loopback.answers["DeleteOperation"] = unavailable
    with pytest.raises(Unavailable):
        client.operations.delete_operation(NAME)
    assert len(loopback.asked) == 1


async def test_asyncio_waits_the_same_way(async_client: AsyncClient, loopback: LoopbackServer) -> None:
    loopback.answers["TrainModel"] = always(types.TrainModelResponse(operation=_running(5, "reading posts")))
    loopback.answers["WaitOperation"] = in_turn(
        always(_running(40, "fitting")), *[unavailable] * 6, always(_ended(MODEL))
    )
    handle = await async_client.learning.train_model(model_type="engagement_predictor")
    told: list[float] = []
    assert await handle.result(progress=lambda pct, message: told.append(pct)) == MODEL
    assert told == [5, 40, 100]
    assert await handle.done()


async def test_asyncio_gives_up_and_cancels_the_same_way(async_client: AsyncClient, loopback: LoopbackServer) -> None:
    loopback.answers["GetOperation"] = always(_running(40, "fitting"))
    loopback.answers["CancelOperation"] = always(empty_pb2.Empty())
    handle = await async_client.operations.handle(NAME)
    with pytest.raises(DeadlineExceeded, match="the work continues"):
        await handle.result(timeout=0.2)
    await handle.cancel()
    loopback.answers["GetOperation"] = always(_failed(grpc.StatusCode.CANCELLED, "cancelled"))
    with pytest.raises(Cancelled):
        await handle.result()


async def test_asyncio_has_the_calls_of_the_standard_service(
    async_client: AsyncClient, loopback: LoopbackServer
) -> None:
    response = operations_pb2.ListOperationsResponse(operations=[_running()])
    loopback.answers["ListOperations"] = always(response)
    loopback.answers["WaitOperation"] = always(_running(40))
    for call in ("DeleteOperation", "CancelOperation"):
        loopback.answers[call] = always(empty_pb2.Empty())
    assert [operation.name async for operation in async_client.operations.list_operations()] == [NAME]
    assert (await async_client.operations.wait_operation(NAME, wait=1)).name == NAME
    await asyncio.gather(async_client.operations.cancel_operation(NAME), async_client.operations.delete_operation(NAME))
    assert {asked.call for asked in loopback.asked} >= {"DeleteOperation", "CancelOperation"}
