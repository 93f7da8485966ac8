"""What a refusal of the server becomes in Python."""

from __future__ import annotations

import pickle
import traceback
from datetime import timedelta

import grpc
import pytest
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2

from groundswell import (
    AsyncClient,
    Client,
    GroundswellError,
    InvalidArgument,
    NotFound,
    ResourceExhausted,
    errors,
    types,
)
from tests.client.loopback import Answer, LoopbackServer, failing, reason


def _refused(client: Client, loopback: LoopbackServer, answer: Answer) -> GroundswellError:
    loopback.answers["PromoteModel"] = answer
    with pytest.raises(GroundswellError) as caught:
        client.learning.promote_model(model_id="7")
    return caught.value


CODES = [code for code in grpc.StatusCode if code not in (grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE)]


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.name)
def test_every_status_code_has_its_class(client: Client, loopback: LoopbackServer, code: grpc.StatusCode) -> None:
    error = _refused(client, loopback, failing(code, "no"))
    assert error.code is code
    assert type(error).__name__.upper() == code.name.replace("_", "")
    assert error.message == "no"


def test_the_error_of_grpc_stays_reachable(client: Client, loopback: LoopbackServer) -> None:
    error = _refused(client, loopback, failing(grpc.StatusCode.NOT_FOUND, "no"))
    assert isinstance(error.rpc_error, grpc.RpcError)


def test_a_traceback_begins_with_what_the_server_said(client: Client, loopback: LoopbackServer) -> None:
    """Not with grpc's own, which is long and tells less."""
    error = _refused(client, loopback, failing(grpc.StatusCode.NOT_FOUND, "no such post", reason("POST_NOT_FOUND")))
    told = "".join(traceback.format_exception(error))
    assert told.count("Traceback") == 1
    assert "debug_error_string" not in told
    assert told.rstrip().endswith("NotFound: no such post (POST_NOT_FOUND)")


def test_the_error_of_a_call_travels_without_that_of_grpc(client: Client, loopback: LoopbackServer) -> None:
    error = _refused(client, loopback, failing(grpc.StatusCode.NOT_FOUND, "no such post", reason("POST_NOT_FOUND")))
    error.add_note("asked by a worker")
    assert error.__context__ is None  # Dask has pickle take it along, and what grpc raised can't travel
    travelled = pickle.loads(pickle.dumps(error))
    assert (str(travelled), travelled.reason, travelled.rpc_error) == (str(error), "POST_NOT_FOUND", None)
    assert travelled.__notes__ == ["asked by a worker"]


def test_the_reason_comes_as_name_and_number_with_its_facts(client: Client, loopback: LoopbackServer) -> None:
    info = reason("MODEL_NOT_LIVE", model_type="SUCCESS_CLASSIFIER")
    error = _refused(client, loopback, failing(grpc.StatusCode.FAILED_PRECONDITION, "no model is live", info))
    assert (error.reason, error.reason_number) == ("MODEL_NOT_LIVE", types.ERROR_REASON_MODEL_NOT_LIVE)
    assert error.metadata == {"model_type": "SUCCESS_CLASSIFIER"}
    assert str(error) == "no model is live (MODEL_NOT_LIVE)"
    assert repr(error) == "FailedPrecondition('no model is live (MODEL_NOT_LIVE)')"


def test_a_reason_of_a_newer_server_has_a_name_and_no_number(client: Client, loopback: LoopbackServer) -> None:
    error = _refused(client, loopback, failing(grpc.StatusCode.ABORTED, "no", reason("MOON_IN_THE_WRONG_PHASE")))
    assert (error.reason, error.reason_number) == ("MOON_IN_THE_WRONG_PHASE", None)


def test_every_refused_field_is_named(client: Client, loopback: LoopbackServer) -> None:
    bad = error_details_pb2.BadRequest(
        field_violations=[
            error_details_pb2.BadRequest.FieldViolation(field="name", description="is needed", reason="REQUIRED"),
            error_details_pb2.BadRequest.FieldViolation(field="handles[0].handle", description="has a space"),
        ]
    )
    error = _refused(client, loopback, failing(grpc.StatusCode.INVALID_ARGUMENT, "2 fields are wrong", bad))
    assert [(each.field, each.description, each.reason) for each in error.fields] == [
        ("name", "is needed", "REQUIRED"),
        ("handles[0].handle", "has a space", ""),
    ]
    assert str(error) == "2 fields are wrong; name: is needed; handles[0].handle: has a space"


def test_the_server_says_when_to_try_again(client: Client, loopback: LoopbackServer) -> None:
    retry = error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(seconds=1, nanos=500_000_000))
    error = _refused(client, loopback, failing(grpc.StatusCode.RESOURCE_EXHAUSTED, "slowly", retry))
    assert isinstance(error, ResourceExhausted)
    assert error.retry_after == timedelta(seconds=1.5)


def test_an_internal_error_tells_the_request_id_to_look_for(client: Client, loopback: LoopbackServer) -> None:
    info = reason("INTERNAL", request_id="r-17")
    error = _refused(client, loopback, failing(grpc.StatusCode.INTERNAL, "an unforeseen fault", info))
    assert error.request_id == "r-17"
    assert str(error) == "an unforeseen fault (INTERNAL) [request id r-17]"


def test_without_one_from_the_server_the_request_id_is_that_of_the_call(
    client: Client, loopback: LoopbackServer
) -> None:
    error = _refused(client, loopback, failing(grpc.StatusCode.INTERNAL, "an unforeseen fault"))
    assert error.request_id == loopback.asked[0].metadata["x-request-id"]


def test_details_of_unknown_types_are_passed_over(client: Client, loopback: LoopbackServer) -> None:
    unknown = error_details_pb2.Help(links=[error_details_pb2.Help.Link(url="https://example.com")])
    error = _refused(client, loopback, failing(grpc.StatusCode.NOT_FOUND, "no", unknown, reason("MODEL_NOT_FOUND")))
    assert error.reason == "MODEL_NOT_FOUND"


def _with_trailer(code: grpc.StatusCode, message: str, trailer: bytes) -> Answer:
    def answer(request: object, context: grpc.ServicerContext) -> None:
        context.set_trailing_metadata((("grpc-status-details-bin", trailer),))
        context.abort(code, message)

    return answer


def _damaged_detail() -> bytes:
    damaged = any_pb2.Any(type_url="type.googleapis.com/google.rpc.BadRequest", value=b"\xff\xff\xff")
    good = any_pb2.Any()
    good.Pack(reason("MODEL_NOT_FOUND"))
    return status_pb2.Status(code=5, message="no such model", details=[damaged, good]).SerializeToString()


def _endless_delay() -> bytes:
    endless = any_pb2.Any()
    endless.Pack(error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(seconds=2**62)))
    return status_pb2.Status(code=5, message="no such model", details=[endless]).SerializeToString()


@pytest.mark.parametrize(
    ("trailer", "reason"),
    [
        (b"\xff\xff\xff\xff", ""),
        (b"", ""),
        (status_pb2.Status(code=13, message="no such model").SerializeToString(), ""),
        (status_pb2.Status(code=5, message="something else").SerializeToString(), ""),
        (_damaged_detail(), "MODEL_NOT_FOUND"),
        (_endless_delay(), ""),
    ],
    ids=["no status", "nothing", "another code", "another message", "a damaged detail", "an endless delay"],
)
def test_damaged_details_do_not_hide_the_failure(
    client: Client, loopback: LoopbackServer, trailer: bytes, reason: str
) -> None:
    error = _refused(client, loopback, _with_trailer(grpc.StatusCode.NOT_FOUND, "no such model", trailer))
    assert isinstance(error, NotFound)
    assert (error.message, error.reason, error.retry_after) == ("no such model", reason, None)


def test_an_exception_in_the_server_s_code_is_typed_too(client: Client, loopback: LoopbackServer) -> None:
    def broken(request: object, context: object) -> None:
        raise ZeroDivisionError

    error = _refused(client, loopback, broken)
    assert error.code is grpc.StatusCode.UNKNOWN


async def test_asyncio_raises_the_same_errors(async_client: AsyncClient, loopback: LoopbackServer) -> None:
    loopback.answers["GetPost"] = failing(grpc.StatusCode.NOT_FOUND, "no such post", reason("POST_NOT_FOUND"))
    with pytest.raises(NotFound, match="no such post") as caught:
        await async_client.engagement.get_post(post_id="7")
    assert caught.value.reason == "POST_NOT_FOUND"
    assert isinstance(caught.value.rpc_error, grpc.RpcError)


def test_errors_are_also_what_python_calls_them() -> None:
    assert issubclass(errors.DeadlineExceeded, TimeoutError)
    assert issubclass(errors.InvalidArgument, ValueError)


@pytest.mark.parametrize("kind", [errors.DeadlineExceeded, errors.InvalidArgument, errors.NotFound])
def test_errors_travel_between_processes(kind: type[GroundswellError]) -> None:
    explanation = errors.Explanation(reason="X", metadata={"a": "b"}, retry_after=timedelta(seconds=1))
    travelled = pickle.loads(pickle.dumps(kind("no", explanation)))
    assert (type(travelled), travelled.message, travelled.reason) == (kind, "no", "X")
    assert (travelled.metadata, travelled.retry_after) == ({"a": "b"}, timedelta(seconds=1))


def test_a_field_error_of_the_sdk_reads_like_one_of_the_server() -> None:
    error = errors.invalid_field("name", "is needed")
    assert isinstance(error, InvalidArgument)
    assert str(error) == "the request can't be built; name: is needed"
