"""Prometheus metrics: calls by code, latency, calls in flight, shared commits, the database's backlog.

Many are counted after the answer has been sent, so the tests poll them.
"""

from __future__ import annotations

import socket
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from prometheus_client.parser import text_string_to_metric_families

from groundswell.v1 import engagement_pb2 as pb
from groundswell.v1 import experiments_pb2, experiments_pb2_grpc
from groundswell_server.models import registry
from groundswell_storage.engagement import call_budgets
from groundswell_storage.jobs import leases, operations
from groundswell_storage.learning import drift_reports
from groundswell_storage.learning.drift_reports import DriftFinding
from tests.errors import refusal
from tests.learning.model_rows import a_version
from tests.patience import eventually
from tests.running import RunningServer

NO_SUCH_ID = "01890a5d-ac96-774b-bcce-b302099a8057"


@dataclass(frozen=True, slots=True)
class Scraped:
    """A server and the port of its metrics."""

    server: RunningServer
    port: int

    def value(self, name: str, **labels: str) -> float:
        """Returns the present value of a sample; 0 without one."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == name and labels.items() <= sample.labels.items():
                    return float(sample.value)
        return 0.0


@pytest.fixture
def scraped(sqlite_url: str) -> Iterator[Scraped]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with RunningServer(sqlite_url, metrics_port=port) as server:
        yield Scraped(server, port)


def test_calls_are_counted_by_how_they_end(scraped: Scraped) -> None:
    stub = scraped.server.engagement()
    for _ in range(3):
        stub.ListPersonas(pb.ListPersonasRequest())
    with refusal():
        stub.GetPersona(pb.GetPersonaRequest(persona_id=NO_SUCH_ID))
    service = "groundswell.v1.EngagementService"
    listed = {"grpc_service": service, "grpc_method": "ListPersonas", "grpc_code": "OK"}
    missed = {"grpc_method": "GetPersona", "grpc_code": "NOT_FOUND"}
    eventually(lambda: scraped.value("grpc_server_handled_total", **listed) == 3)
    eventually(lambda: scraped.value("grpc_server_handled_total", **missed) == 1)
    assert scraped.value("grpc_server_handling_seconds_count", grpc_method="ListPersonas") == 3
    assert scraped.value("grpc_server_handling_seconds_bucket", grpc_method="ListPersonas", le="+Inf") == 3
    assert scraped.value("grpc_server_handling_seconds_sum", grpc_method="ListPersonas") > 0


def test_requests_that_cannot_be_decoded_are_counted(scraped: Scraped) -> None:
    raw = scraped.server.channel().unary_unary("/groundswell.v1.EngagementService/GetPost")
    with pytest.raises(grpc.RpcError):
        raw(b"\xff" * 9)
    labels = {"grpc_method": "GetPost", "grpc_code": "INVALID_ARGUMENT"}
    eventually(lambda: scraped.value("grpc_server_handled_total", **labels) == 1)


def test_calls_in_flight_are_counted(scraped: Scraped) -> None:
    watching = scraped.server.engagement().WatchEngagement(pb.WatchEngagementRequest())
    watching.initial_metadata()
    eventually(lambda: scraped.value("grpc_server_in_flight", grpc_method="WatchEngagement") == 1)
    watching.cancel()


def test_health_checks_are_counted_like_other_calls(scraped: Scraped) -> None:
    health_pb2_grpc.HealthStub(scraped.server.channel()).Check(health_pb2.HealthCheckRequest())
    labels = {"grpc_service": "grpc.health.v1.Health", "grpc_code": "OK"}
    eventually(lambda: scraped.value("grpc_server_handled_total", **labels) == 1)


def test_shared_commits_and_the_backlog_are_reported(scraped: Scraped) -> None:
    before = scraped.value("groundswell_database_batch_size_count", kind="write")
    scraped.server.engagement().CreatePersona(pb.CreatePersonaRequest(name="Ava"))
    # The database thread counts a commit after it has released the callers.
    eventually(lambda: scraped.value("groundswell_database_batch_size_count", kind="write") == before + 1)
    eventually(lambda: scraped.value("groundswell_database_batch_seconds_sum", kind="write") > 0)
    eventually(lambda: scraped.value("groundswell_database_backlog") == 0)


def test_live_models_and_their_drift_are_reported(scraped: Scraped) -> None:
    with scraped.server.app.database.scope("ours") as scope:
        first = a_version(scope, "run-1")
        registry.promote(scope, first.id)
    labels = {"workspace": "ours", "model_type": "ENGAGEMENT_PREDICTOR"}
    assert scraped.value("groundswell_model_version", **labels) == 1
    assert scraped.value("groundswell_model_drift_score", **labels) == 0
    with scraped.server.app.database.scope("ours") as scope:
        for score in (0.1, 0.3):
            finding = DriftFinding(first.id, first.model_type, 1, "WARNING", score, 0.01, 1, 50, {})
            checked = drift_reports.add(scope, finding).create_time
            scope.now += timedelta(seconds=1)
    assert scraped.value("groundswell_model_drift_score", **labels) == 0.3
    assert scraped.value("groundswell_model_drift_checked_timestamp_seconds", **labels) == checked.timestamp()
    with scraped.server.app.database.scope("ours") as scope:
        registry.promote(scope, a_version(scope, "run-2").id)
    assert scraped.value("groundswell_model_version", **labels) == 2


def test_the_job_queue_is_reported_by_kind_and_state(scraped: Scraped) -> None:
    database = scraped.server.app.database
    with database.scope("ours") as scope:
        first = operations.create(scope, "learning.train_model", b"")
        scope.now += timedelta(seconds=5)
        for kind in ("learning.train_model", "engagement.sync_posts"):
            operations.create(scope, kind, b"")
    labels = {"kind": "learning.train_model"}
    assert scraped.value("groundswell_jobs", state="PENDING", **labels) == 2
    since = scraped.value("groundswell_job_waiting_since_timestamp_seconds", **labels)
    assert since == pytest.approx(first.create_time.timestamp())
    with database.transaction():
        leases.claim(database, timedelta(minutes=1), kinds=["learning.train_model"])
    assert scraped.value("groundswell_jobs", state="PENDING", **labels) == 1
    assert scraped.value("groundswell_jobs", state="RUNNING", **labels) == 1
    assert scraped.value("groundswell_jobs", state="PENDING", kind="engagement.sync_posts") == 1


def test_the_remaining_rate_limits_of_platforms_are_reported(scraped: Scraped) -> None:
    """600 calls a minute: the bucket holds 60, and one comes back in 60 s / 510."""
    database, labels = scraped.server.app.database, {"workspace": "ours", "limit": "tiktok"}
    hour = timedelta(hours=1)  # so that none comes back meanwhile
    with database.scope("ours") as scope:
        call_budgets.take(scope, "tiktok", database.now() + hour, calls=10, interval=hour, depth=60)
    assert scraped.value("groundswell_platform_calls_left", **labels) == 0
    with database.scope("theirs") as scope:
        call_budgets.take(scope, "graph", database.now() - hour, calls=1, interval=timedelta(seconds=1), depth=20)
        call_budgets.close(scope, "twitter", until := database.now() + hour)
    assert scraped.value("groundswell_platform_calls_left", workspace="theirs", limit="graph") == 20
    assert scraped.value("groundswell_platform_calls_left", workspace="theirs", limit="twitter") == 0
    closed = scraped.value("groundswell_platform_closed_until_timestamp_seconds", workspace="theirs", limit="twitter")
    assert closed == pytest.approx(until.timestamp())


def test_exposures_and_their_shared_commits_are_reported(scraped: Scraped) -> None:
    stub = experiments_pb2_grpc.ExperimentsServiceStub(scraped.server.channel())
    design = experiments_pb2.ExperimentDesign(
        metrics=[experiments_pb2.Metric(name="conversion_rate")], variants=[experiments_pb2.Variant(key="new")]
    )
    stub.CreateExperiment(experiments_pb2.CreateExperimentRequest(key="doors", design=design))
    stub.StartExperiment(experiments_pb2.StartExperimentRequest(experiment_key="doors"))
    asked = [experiments_pb2.AssignVariantRequest(experiment_key="doors", unit=f"reader-{one}") for one in range(5)]
    stub.BatchAssignVariants(experiments_pb2.BatchAssignVariantsRequest(requests=asked))
    eventually(lambda: scraped.value("groundswell_exposures_committed_sum") == 5)
    assert scraped.value("groundswell_exposures_committed_count") == 1
    eventually(lambda: scraped.value("groundswell_exposures_waiting") == 0)


def test_without_a_port_no_metrics_are_served(sqlite_url: str) -> None:
    with RunningServer(sqlite_url) as server:
        assert server.settings.metrics_port == 0
        server.engagement().ListPersonas(pb.ListPersonasRequest())
