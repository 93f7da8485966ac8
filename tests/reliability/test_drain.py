"""A server that ends: who asks is told so, and a call that is under way gets its answer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from groundswell.v1 import engagement_pb2 as pb
from groundswell_server.engagement import personas
from tests.holding import Held
from tests.running import RunningServer

Status = health_pb2.HealthCheckResponse


@pytest.mark.parametrize("service", ["", "groundswell.v1.EngagementService"])
def test_health_says_not_serving_while_a_call_under_way_gets_its_answer(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, service: str
) -> None:
    held = Held(personas.list_personas)
    monkeypatch.setattr("groundswell_server.engagement.personas.list_personas", held)
    with ThreadPoolExecutor(2) as pool, RunningServer(sqlite_url) as server:
        watching = health_pb2_grpc.HealthStub(server.channel()).Watch(health_pb2.HealthCheckRequest(service=service))
        assert next(watching).status == Status.SERVING
        answer = pool.submit(server.engagement().ListPersonas, pb.ListPersonasRequest())
        held.wait_for_call()
        ending = pool.submit(server.on_loop, server.app.stop)
        assert next(watching).status == Status.NOT_SERVING
        assert not answer.done()
        held.release()
        assert answer.result(60) == pb.ListPersonasResponse()
        ending.result(60)
        with pytest.raises(grpc.RpcError) as ended:
            next(watching)
    assert ended.value.code() is grpc.StatusCode.UNAVAILABLE
