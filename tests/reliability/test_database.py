"""The database goes away, fills up or can only be read: clear errors meanwhile, and recovery without a restart."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import repeat
from pathlib import Path

import grpc
import psycopg
import pytest

from groundswell.v1 import engagement_pb2 as pb
from groundswell.v1.engagement_pb2_grpc import EngagementServiceStub
from tests.errors import Refused, refusal
from tests.patience import eventually
from tests.running import RunningServer
from tests.wire import next_change


def create(stub: EngagementServiceStub, name: str = "Ava") -> pb.Persona:
    return stub.CreatePersona(pb.CreatePersonaRequest(name=name), timeout=30).persona


def names(stub: EngagementServiceStub) -> list[str]:
    answer = stub.ListPersonas(pb.ListPersonasRequest(page_size=1000), timeout=30)
    return [persona.name for persona in answer.personas]


def refused_write(stub: EngagementServiceStub) -> Refused:
    """How a write is refused now."""
    with refusal() as refused:
        create(stub, "refused")
    return refused


@contextmanager
def out_of_reach(url: str) -> Iterator[None]:
    """A database that lets nobody in and has thrown everybody out."""
    head, _, name = url.partition("?")[0].rpartition("/")
    with psycopg.connect(url.replace(f"{head}/{name}", f"{head}/postgres"), autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        try:
            yield
        finally:
            admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


def test_connections_that_break_are_made_again(postgresql_url: str) -> None:
    with RunningServer(postgresql_url) as server:
        stub = server.engagement()
        create(stub, "before")
        with out_of_reach(postgresql_url):
            pass
        eventually(lambda: answered(stub))
        assert {"before", "after"} <= set(names(stub))


def answered(stub: EngagementServiceStub) -> bool:
    """Whether a write was acknowledged; if not, it has to be for a reason that passes."""
    code = None
    try:
        create(stub, "after")
    except grpc.RpcError as refused:
        code = refused.code()
    assert code in {None, grpc.StatusCode.UNAVAILABLE}
    return code is None


def test_while_the_database_is_out_of_reach_calls_are_told_when_to_try_again(postgresql_url: str) -> None:
    with RunningServer(postgresql_url) as server:
        stub = server.engagement()
        create(stub, "before")
        watching = stub.WatchEngagement(pb.WatchEngagementRequest())
        watching.initial_metadata()
        with out_of_reach(postgresql_url):
            first = refused_write(stub)
            assert (first.code, first.reason in {"DATABASE_UNAVAILABLE", "COMMIT_UNKNOWN"}) == (
                grpc.StatusCode.UNAVAILABLE,
                True,
            )
            refused = refused_write(stub)
            assert (refused.code, refused.reason) == (grpc.StatusCode.UNAVAILABLE, "DATABASE_UNAVAILABLE")
            assert refused.retry_seconds is not None
            assert refused.retry_seconds > 0
            with refusal() as refused:
                names(stub)
            assert (refused.code, refused.reason) == (grpc.StatusCode.UNAVAILABLE, "DATABASE_UNAVAILABLE")
        eventually(lambda: answered(stub))
        # Streams did not break: they go on where they were.
        context = stub.StartContext(pb.StartContextRequest(phase="AFTER")).context
        assert next_change(watching).context.id == context.id
        watching.cancel()


@pytest.fixture
def small_disk(sqlite_url: str, tmp_path: Path) -> Iterator[str]:
    """The URL of a database on a disk of two megabytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("only root may make a small disk")
    try:
        shutil.copy(sqlite_url.removeprefix("sqlite:///"), disk / "groundswell.db")
        yield f"sqlite:///{disk / 'groundswell.db'}"
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_full_disk_is_told_and_reads_go_on(small_disk: str) -> None:
    with RunningServer(small_disk) as server:
        stub = server.engagement()
        create(stub, "before")
        filling = Path(small_disk.removeprefix("sqlite:///")).with_name("filling")
        fill(filling)
        refused = refused_until(stub, "DATABASE_FULL")
        assert refused.code is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert refused.retry_seconds is not None
        assert "before" in names(stub)
        filling.unlink()
        create(stub, "after")
        assert {"before", "after"} <= set(names(stub))


def fill(path: Path) -> None:
    """Takes what room is left on a disk."""
    with path.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):
        file.writelines(repeat(b"x" * 4096))


def refused_until(stub: EngagementServiceStub, reason: str) -> Refused:
    """Fills what room is left, and gives the refusal that follows."""
    for number in range(5000):
        try:
            stub.StartContext(pb.StartContextRequest(phase="FILL", note="x" * 2000, request_id=f"fill {number}"))
        except grpc.RpcError:
            refused = refused_write(stub)
            assert refused.reason == reason, refused.message
            return refused
    raise AssertionError("the disk does not fill")
