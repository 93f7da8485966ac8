"""One parent, its servers and workers: what dies comes back, and nothing outlives the parent."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import psutil
import pytest
from google.longrunning import operations_pb2 as pb
from google.longrunning import operations_pb2_grpc

from groundswell_server.processes.child_spec import ChildSpec, Report
from groundswell_server.processes.ports import shared_port
from groundswell_server.settings import SettingsError, load
from groundswell_storage.database import Database
from groundswell_storage.jobs import schedules
from tests.patience import eventually
from tests.processes import Suite

SERVE_ONE = ("--services", "operations")
SERVE_TWO = (*SERVE_ONE, "--workers", "2")


def children(suite: Suite, role: str = "") -> list[psutil.Process]:
    """The processes under the suite's parent, of one role if given."""
    found = psutil.Process(suite.process.pid).children(recursive=True)
    return [each for each in found if f"processes.child_main {role}".strip() in command_of(each)]


def command_of(process: psutil.Process) -> str:
    """Its command line; empty once it is dead, also while its parent has not noticed yet."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:  # a zombie is one too
        return ""


def takes_calls(target: str) -> bool:
    """Whether a new connection gets an answer."""
    with grpc.insecure_channel(target) as channel:
        stub = operations_pb2_grpc.OperationsStub(channel)
        stub.ListOperations(pb.ListOperationsRequest(), wait_for_ready=True, timeout=60)
    return True


def all_gone(processes: list[psutil.Process]) -> bool:
    """Whether none of them runs any more."""
    return not any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in processes)


def test_one_server_has_its_worker_beside_it_and_ends_gracefully(database_url: str) -> None:
    with Suite(database_url, *SERVE_ONE) as suite:
        assert takes_calls(suite.target)
        eventually(lambda: children(suite, "worker-0"))
        below = children(suite)
        assert suite.stop() == 0
        assert all_gone(below)


def test_two_servers_share_the_port_and_end_gracefully(database_url: str) -> None:
    with Suite(database_url, *SERVE_TWO) as suite:
        eventually(lambda: len(children(suite)) == 3)
        assert takes_calls(suite.target)
        below = children(suite)
        assert suite.stop() == 0
        assert all_gone(below)


def test_two_servers_both_take_calls(sqlite_url: str) -> None:
    first = two_free_ports()
    with Suite(sqlite_url, *SERVE_TWO, "--metrics-port", str(first)) as suite:

        def both_have_answered() -> bool:
            takes_calls(suite.target)  # over a connection of its own, which the kernel gives to one of them
            return all(answered(port) for port in (first, first + 1))

        eventually(both_have_answered)


def two_free_ports() -> int:
    """The first of two neighbours."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as first:
            port = first.getsockname()[1]
            try:
                socket.create_server(("127.0.0.1", port + 1)).close()
            except (OSError, OverflowError):
                continue
        return int(port)


def answered(metrics_port: int) -> bool:
    """Whether the server whose metrics these are has answered a call of Operations."""
    with urllib.request.urlopen(f"http://127.0.0.1:{metrics_port}/metrics", timeout=10) as answer:
        return 'grpc_server_handled_total{grpc_code="OK",grpc_method="ListOperations"' in answer.read().decode()


def test_as_many_workers_run_as_were_set(sqlite_url: str) -> None:
    with Suite(sqlite_url, *SERVE_ONE, GROUNDSWELL_TRAINING_WORKERS="2") as suite:
        eventually(lambda: children(suite, "worker-1"))
        assert len(children(suite, "worker")) == 2


@pytest.mark.parametrize("role", ["server-0", "server-1", "worker-0"])
def test_a_process_that_is_killed_comes_back(sqlite_url: str, role: str) -> None:
    with Suite(sqlite_url, *SERVE_TWO) as suite:
        victim = eventually(lambda: children(suite, role))[0]
        victim.kill()
        eventually(lambda: [each for each in children(suite, role) if each.pid != victim.pid])
        assert takes_calls(suite.target)


@pytest.mark.parametrize("arguments", [SERVE_ONE, SERVE_TWO])
def test_no_child_outlives_a_parent_that_is_killed(sqlite_url: str, arguments: tuple[str, ...]) -> None:
    with Suite(sqlite_url, *arguments) as suite:
        eventually(lambda: children(suite, "worker-0"))
        below = children(suite)
        suite.kill()
        eventually(lambda: all_gone(below))
        suite.start()
        assert takes_calls(suite.target)


@pytest.mark.parametrize("arguments", [SERVE_ONE, SERVE_TWO])
def test_ctrl_c_ends_everything_and_complains_about_nothing(sqlite_url: str, arguments: tuple[str, ...]) -> None:
    with Suite(sqlite_url, *arguments) as suite:
        eventually(lambda: children(suite, "worker-0"))
        below = children(suite)
        suite.process.send_signal(signal.SIGINT)
        assert suite.process.wait(60) == 0
        assert all_gone(below)


def test_secrets_stand_on_no_command_line_and_in_no_child_s_environment(postgresql_url: str) -> None:
    with Suite(postgresql_url, *SERVE_TWO, GROUNDSWELL_JOBS_URL="") as suite:
        for child in eventually(lambda: children(suite, "server")):
            assert "postgresql://" not in " ".join(child.cmdline())


def test_a_port_that_is_taken_is_said_in_one_line(sqlite_url: str, tmp_path: Path) -> None:
    with taken_port() as port:
        for arguments in (SERVE_ONE, SERVE_TWO):
            ended = subprocess.run(
                [sys.executable, "-m", "groundswell_server", "serve", "--port", str(port), *arguments],
                env={**os.environ, "HOME": str(tmp_path), "GROUNDSWELL_DATABASE_URL": sqlite_url},
                capture_output=True,
                text=True,
                timeout=100,
                check=False,
            )
            assert ended.returncode == 1
            assert f"127.0.0.1:{port}" in ended.stderr
            assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("arguments", [SERVE_ONE, SERVE_TWO])
def test_a_setting_that_no_worker_can_start_with_ends_the_suite(sqlite_url: str, arguments: tuple[str, ...]) -> None:
    with Suite(sqlite_url, *arguments, GROUNDSWELL_JOBS_URL="amqp://localhost") as suite:
        assert suite.process.wait(60) == 1


def test_a_worker_runs_by_itself_and_ends_gracefully(database: Database, database_url: str, tmp_path: Path) -> None:
    environment = {**os.environ, "HOME": str(tmp_path), "GROUNDSWELL_DATABASE_URL": database_url}
    worker = subprocess.Popen([sys.executable, "-m", "groundswell_server", "worker"], env=environment)
    try:
        eventually(lambda: schedules.last_run(database, "jobs.purge_events"))
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(60) == 0
    finally:
        worker.kill()
        worker.wait()


def test_a_server_that_cannot_start_ends_the_whole_suite_with_its_reason(tmp_path: Path) -> None:
    for arguments in (SERVE_ONE, SERVE_TWO):
        ended = subprocess.run(
            [sys.executable, "-m", "groundswell_server", "serve", "--port", "0", *arguments],
            env={
                **os.environ,
                "HOME": str(tmp_path),
                "GROUNDSWELL_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
            },
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert ended.returncode == 1
        assert "the database cannot be reached" in ended.stderr
        assert "Traceback" not in ended.stderr


def test_a_shared_port_is_held_and_given_to_nobody_else() -> None:
    with shared_port("127.0.0.1", 0) as port, socket.socket() as other:
        assert port > 0
        with pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", port))


def test_a_port_where_somebody_listens_is_not_shared() -> None:
    with taken_port() as port, pytest.raises(SettingsError, match=f"127.0.0.1:{port}"), shared_port("127.0.0.1", port):
        pass


def test_orders_reach_a_child_whole() -> None:
    settings = load(
        database_url="postgresql://ann:secret@host/name", tls_certificate="/certificate.pem", peers={"learning": "a:1"}
    )
    services = "engagement", "learning"
    spec = ChildSpec("server", 3, settings, services=services, insecure=True, peer_socket="unix:/tmp/peers-3.sock")
    assert ChildSpec.decode(spec.encode()) == spec
    report = Report(failure="no", permanent=True)
    assert Report.decode(report.encode()) == report


@contextmanager
def taken_port() -> Iterator[int]:
    """A port on which somebody listens, ready to share it as servers of several processes are."""
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]
