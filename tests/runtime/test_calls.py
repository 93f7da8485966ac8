"""What every call goes through: validation, request ids, limits, deadlines, errors, health."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import Mock
from uuid import uuid4

import grpc
import pytest
from google.longrunning import operations_pb2, operations_pb2_grpc
from grpc_channelz.v1 import channelz_pb2, channelz_pb2_grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from groundswell.v1 import engagement_pb2 as pb
from groundswell.v1.errors_pb2 import ErrorReason
from groundswell_server.runtime import errors
from groundswell_server.runtime.call import Call
from groundswell_storage import errors as typed
from tests.errors import refusal
from tests.running import RunningServer


def test_every_broken_constraint_is_named_by_its_field(server: RunningServer) -> None:
    request = pb.CreatePersonaRequest(handles=[pb.PlatformHandle(handle="has space")], niche="n" * 101)
    with refusal() as refused:
        server.engagement().CreatePersona(request)
    assert (refused.code, refused.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "VALIDATION_FAILED")
    assert set(refused.fields) == {"name", "niche", "handles[0].platform", "handles[0].handle"}


def test_an_error_names_the_request_id_that_the_caller_sent(server: RunningServer) -> None:
    stub = server.engagement(("x-request-id", "trace-7"))
    with refusal() as refused:
        stub.GetPersona(pb.GetPersonaRequest(persona_id=str(uuid4())))
    assert refused.request_id == "trace-7"


def test_a_request_id_that_could_break_a_log_line_is_replaced(server: RunningServer) -> None:
    stub = server.engagement(("x-request-id", "a b"))
    with refusal() as refused:
        stub.GetPersona(pb.GetPersonaRequest(persona_id=str(uuid4())))
    assert refused.request_id
    assert " " not in refused.request_id


def test_a_repeated_request_id_gets_the_first_answer(server: RunningServer) -> None:
    request = pb.CreatePersonaRequest(name="Ava", request_id="once")
    first, second = server.engagement().CreatePersona(request), server.engagement().CreatePersona(request)
    assert first == second
    assert len(server.engagement().ListPersonas(pb.ListPersonasRequest()).personas) == 1


def test_a_request_id_with_another_request_is_refused(server: RunningServer) -> None:
    server.engagement().CreatePersona(pb.CreatePersonaRequest(name="Ava", request_id="once"))
    with refusal() as refused:
        server.engagement().CreatePersona(pb.CreatePersonaRequest(name="Bea", request_id="once"))
    assert (refused.code, refused.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_ID_REUSED")


def test_a_call_that_failed_leaves_its_request_id_free(server: RunningServer) -> None:
    post = pb.SubmitFeedbackRequest(context_id=str(uuid4()), rating=pb.RATING_GOOD, request_id="again")
    for _ in range(2):
        with refusal() as refused:
            server.engagement().SubmitFeedback(post)
        assert refused.reason == "CONTEXT_NOT_FOUND"


def test_many_callers_with_one_request_id_have_one_effect(server: RunningServer) -> None:
    stub = server.engagement()
    request = pb.CreatePersonaRequest(name="Ava", request_id="race")
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: stub.CreatePersona(request).persona.id, range(48)))
    assert len(set(answers)) == 1
    assert len(stub.ListPersonas(pb.ListPersonasRequest()).personas) == 1


def test_a_request_id_is_its_workspaces_own(server: RunningServer) -> None:
    request = pb.CreatePersonaRequest(name="Ava", request_id="same")
    first = server.engagement(server.key("one")).CreatePersona(request)
    second = server.engagement(server.key("two")).CreatePersona(request)
    assert first.persona.id != second.persona.id


def test_a_deadline_that_has_passed_stops_the_call(server: RunningServer) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        server.engagement().ListPersonas(pb.ListPersonasRequest(), timeout=-1)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


def test_a_call_without_a_deadline_is_stopped_at_the_servers_bound(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()
    monkeypatch.setattr("groundswell_server.engagement.personas.list_personas", lambda *_, **__: released.wait(30))
    with RunningServer(sqlite_url, default_deadline_seconds=0.05) as server:
        with refusal() as refused:
            server.engagement().ListPersonas(pb.ListPersonasRequest())
        released.set()
    assert (refused.code, refused.reason) == (grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED")


def test_calls_beyond_the_rate_are_refused_with_the_time_to_wait(sqlite_url: str) -> None:
    with RunningServer(sqlite_url, rate_limit_per_second=0.001, rate_limit_burst=3) as server:
        stub = server.engagement()
        for _ in range(3):
            stub.ListPersonas(pb.ListPersonasRequest())
        with refusal() as refused:
            stub.ListPersonas(pb.ListPersonasRequest())
        health = health_pb2_grpc.HealthStub(server.channel()).Check(health_pb2.HealthCheckRequest())
    assert (refused.code, refused.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "RATE_LIMITED")
    assert refused.retry_seconds is not None
    assert refused.retry_seconds > 0
    assert health.status == health_pb2.HealthCheckResponse.SERVING


def test_streams_beyond_the_limit_are_refused(sqlite_url: str) -> None:
    with RunningServer(sqlite_url, streams_per_key=1) as server:
        stub = server.engagement()
        first = stub.WatchEngagement(pb.WatchEngagementRequest())
        assert next(first).cursor
        with refusal() as refused:
            next(stub.WatchEngagement(pb.WatchEngagementRequest()))
        first.cancel()
    assert refused.reason == "TOO_MANY_STREAMS"


def test_a_message_that_is_too_large_is_refused_with_its_size_and_the_limit(sqlite_url: str) -> None:
    request = pb.CreatePersonaRequest(name="n" * 2**16)
    with RunningServer(sqlite_url, max_message_bytes=2**16) as server, refusal() as refused:
        server.engagement().CreatePersona(request)
    assert (refused.code, refused.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE")
    assert refused.metadata == {"size": str(request.ByteSize()), "limit": str(2**16)}


def test_a_message_of_more_than_twice_the_limit_is_refused_before_it_is_read(sqlite_url: str) -> None:
    with RunningServer(sqlite_url, max_message_bytes=2**16) as server:
        stub = server.engagement()
        with pytest.raises(grpc.RpcError) as caught:
            stub.CreatePersona(pb.CreatePersonaRequest(name="n" * 2**17))
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        stub.ListPersonas(pb.ListPersonasRequest())


def test_bytes_that_are_no_message_are_refused_and_hurt_nobody(server: RunningServer) -> None:
    raw = server.channel().unary_unary("/groundswell.v1.EngagementService/CreatePersona")
    for garbage in (b"\xff" * 100, b"\x0a\xff\xff\xff\xff\x0f", b"\x0a\x02\xc3\x28"):
        with pytest.raises(grpc.RpcError):
            raw(garbage)
    assert server.engagement().ListPersonas(pb.ListPersonasRequest()) is not None


def test_what_is_not_served_says_so(sqlite_url: str) -> None:
    with RunningServer(sqlite_url, ("learning", "operations")) as server, refusal() as refused:
        server.engagement().ListPersonas(pb.ListPersonasRequest())
    assert (refused.code, refused.reason) == (grpc.StatusCode.UNIMPLEMENTED, "NOT_SERVED")


def test_an_unforeseen_fault_tells_the_caller_nothing_but_where_to_look(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("a secret of the server")

    monkeypatch.setattr("groundswell_server.engagement.personas.get_persona", fail)
    with refusal() as refused:
        server.engagement().GetPersona(pb.GetPersonaRequest(persona_id=str(uuid4())))
    assert (refused.code, refused.reason) == (grpc.StatusCode.INTERNAL, "INTERNAL")
    assert "secret" not in refused.message
    assert refused.metadata["request_id"] in refused.message


def test_every_typed_error_has_a_status_code() -> None:
    own = {kind for kind in typed.GroundswellError.__subclasses__() if kind.__module__ == typed.__name__}
    assert own == set(errors.CODES)


def test_every_reason_that_the_code_gives_is_in_the_contract() -> None:
    import re
    from pathlib import Path

    root = Path(__file__).parents[2]
    used: set[str] = set()
    for folder in ("server/groundswell_server", "storage/groundswell_storage"):
        for path in (root / folder).rglob("*.py"):
            used |= set(re.findall(r'reason="([A-Z][A-Z_]+)"', path.read_text()))
    known = {name.removeprefix("ERROR_REASON_") for name in ErrorReason.keys()}
    assert used <= known, sorted(used - known)


def test_health_tells_of_each_service(server: RunningServer) -> None:
    stub = health_pb2_grpc.HealthStub(server.channel())
    for name in ("", "groundswell.v1.EngagementService", "groundswell.v1.LearningService"):
        answer = stub.Check(health_pb2.HealthCheckRequest(service=name))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_reflection_describes_every_call_without_a_proto_file(server: RunningServer) -> None:
    database = ProtoReflectionDescriptorDatabase(server.channel())
    assert "groundswell.v1.LearningService" in database.get_services()
    file = database.FindFileContainingSymbol("groundswell.v1.LearningService")
    assert "ScoreContent" in {method.name for method in file.service[0].method}


def test_channelz_shows_the_server_to_operators_alone(server: RunningServer) -> None:
    stub = channelz_pb2_grpc.ChannelzStub(server.channel(server.key("default", "operator")))
    assert stub.GetServers(channelz_pb2.GetServersRequest()).server
    with refusal() as refused:
        reader = channelz_pb2_grpc.ChannelzStub(server.channel(server.key("default", "reader")))
        reader.GetServers(channelz_pb2.GetServersRequest())
    assert refused.reason == "PERMISSION_DENIED"


def test_a_server_that_ends_sends_streams_elsewhere(sqlite_url: str) -> None:
    with RunningServer(sqlite_url) as server:
        stream = server.engagement().WatchEngagement(pb.WatchEngagementRequest())
        assert next(stream).cursor, "it begins with a bookmark"
        server.on_loop(server.app.stop)
        with refusal() as refused:
            next(stream)
    assert (refused.code, refused.reason) == (grpc.StatusCode.UNAVAILABLE, "SHUTTING_DOWN")


async def test_a_caller_who_goes_away_while_something_is_sent_is_no_fault() -> None:
    class GoneAway:
        async def write(self, message: object) -> None:
            raise grpc.aio.InternalError('Failed "execute_batch"')

    call = Call(Mock(), GoneAway(), (), Mock(), Mock())  # type: ignore[arg-type]  # it is asked for nothing else

    async def sends(request: object, call: Call) -> None:
        await call.send("acknowledged")

    with pytest.raises(asyncio.CancelledError):
        await errors.stage(Mock(), sends)(None, call)


def test_operations_of_another_workspace_are_not_found(server: RunningServer) -> None:
    stub = operations_pb2_grpc.OperationsStub(server.channel())
    with refusal() as refused:
        stub.GetOperation(operations_pb2.GetOperationRequest(name=f"operations/{uuid4()}"))
    assert (refused.code, refused.reason) == (grpc.StatusCode.NOT_FOUND, "OPERATION_NOT_FOUND")
