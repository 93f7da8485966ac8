"""kill -9 of servers at work: what was acknowledged is there, nothing is there twice, and they come back."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime

import grpc
import psutil
import pytest
from grpc_channelz.v1 import channelz_pb2, channelz_pb2_grpc

from groundswell import Client
from groundswell.errors import GroundswellError
from groundswell.v1 import engagement_pb2 as pb
from groundswell.v1 import engagement_pb2_grpc
from tests.patience import eventually
from tests.processes import Suite
from tests.reliability.test_processes import command_of

QUIET = {"GROUNDSWELL_LOG_LEVEL": "error"}
MARCH = datetime(2026, 3, 1, tzinfo=UTC)
BATCHES, ROWS = 12, 25


def batch(number: int) -> pb.ImportPostsRequest:
    """One batch of an import."""
    lines = range(number * ROWS, (number + 1) * ROWS)
    return pb.ImportPostsRequest(
        rows=[
            pb.ImportedPost(
                line=line,
                persona_name="Ava",
                platform="PLATFORM_INSTAGRAM",
                platform_post_id=f"row-{line}",
                publish_time=MARCH,
                metrics=pb.Metrics(likes=line, reach=10_000),
            )
            for line in lines
        ]
    )


def rows_there(client: Client) -> list[str]:
    """Platform ids of all posts, with repetitions if there were any."""
    return [post.platform_post_id for post in client.engagement.list_posts(page_size=1000)]


def servers_of(suite: Suite) -> list[psutil.Process]:
    """The server processes of a suite that runs several."""
    below = psutil.Process(suite.process.pid).children(recursive=True)
    return [each for each in below if "processes.child_main server" in command_of(each)]


def kill_everything(suite: Suite) -> None:
    """kill -9 of the parent, its servers and its workers, at once."""
    victims = [psutil.Process(suite.process.pid), *psutil.Process(suite.process.pid).children(recursive=True)]
    for victim in victims:
        victim.send_signal(signal.SIGSTOP)
    for victim in victims:
        victim.kill()
    suite.process.wait(30)
    psutil.wait_procs(victims, timeout=30)


def connections(target: str, count: int, stack: ExitStack) -> list[grpc.Channel]:
    """Channels that share no connection."""
    options = [("grpc.use_local_subchannel_pool", 1)]
    return [stack.enter_context(grpc.insecure_channel(target, options)) for _ in range(count)]


def calls_answered(channel: grpc.Channel) -> int:
    """How many calls the server process at the other end of this connection has begun."""
    stub = channelz_pb2_grpc.ChannelzStub(channel)
    answer = stub.GetServers(channelz_pb2.GetServersRequest(), timeout=30, wait_for_ready=True)
    return sum(server.data.calls_started for server in answer.server)


def test_two_servers_take_calls_on_one_port(postgresql_url: str) -> None:
    with Suite(postgresql_url, "--workers", "2", "--training-workers", "0", **QUIET) as suite, ExitStack() as stack:
        pids = {each.pid for each in eventually(lambda: len(servers_of(suite)) == 2 and servers_of(suite))}
        busy: set[int] = set()

        def all_busy() -> bool:
            # The kernel spreads connections as it likes: a few more will do.
            for channel in connections(suite.target, 4, stack):
                stub = engagement_pb2_grpc.EngagementServiceStub(channel)
                stub.ListPersonas(pb.ListPersonasRequest(), timeout=30, wait_for_ready=True)
                assert calls_answered(channel) > 0
            for pid in pids:
                established = psutil.Process(pid).net_connections("tcp")
                if any(
                    each.status == psutil.CONN_ESTABLISHED and each.laddr.port == suite.port for each in established
                ):
                    busy.add(pid)
            return busy == pids

        eventually(all_busy)


def test_a_server_that_is_killed_under_load_comes_back_and_nothing_acknowledged_is_missing(
    postgresql_url: str,
) -> None:
    with Suite(postgresql_url, "--workers", "2", "--training-workers", "0", **QUIET) as suite, ExitStack() as stack:
        clients = [stack.enter_context(Client(suite.target)) for _ in range(4)]
        victim = servers_of(suite)[0]

        def load(caller: int) -> list[str]:
            acknowledged = []
            for number in range(60):
                if caller == 0 and number == 20:
                    victim.kill()
                name = f"{caller}-{number}"
                # Repeated by the SDK until it is answered, and done once for all that: it sends a request_id.
                eventually(lambda name=name: created(clients[caller], name))
                acknowledged.append(name)
            return acknowledged

        with ThreadPoolExecutor(4) as pool:
            acknowledged = [name for names in pool.map(load, range(4)) for name in names]
        eventually(lambda: len(servers_of(suite)) == 2)
        with Client(suite.target) as client:
            found = [persona.name for persona in client.engagement.list_personas(page_size=1000)]
    assert sorted(found) == sorted(acknowledged)


def created(client: Client, name: str) -> bool:
    """Whether a persona of this name was acknowledged; the same request, however often it is made."""
    try:
        return bool(client.engagement.create_persona(name=name, request_id=name).persona.id)
    except GroundswellError:
        return False


@pytest.fixture(params=["sqlite, one server", "postgresql, one server", "postgresql, two servers"])
def suite(request: pytest.FixtureRequest) -> Iterator[Suite]:
    """A suite that runs."""
    kind, number = request.param.split(", ")
    arguments = ("--workers", "2") if number == "two servers" else ()
    with Suite(request.getfixturevalue(f"{kind}_url"), *arguments, **QUIET) as running:
        yield running


@pytest.mark.parametrize("acknowledged", [3])
def test_an_import_that_is_killed_between_batches_loses_no_row_and_doubles_none(
    suite: Suite, acknowledged: int
) -> None:
    with Client(suite.target) as client:
        for number in range(acknowledged):
            assert client.engagement.import_posts([batch(number)]).imported_count == ROWS
    # One more is under way, and may or may not be there.
    with grpc.insecure_channel(suite.target) as channel:
        stub = engagement_pb2_grpc.EngagementServiceStub(channel)
        under_way = stub.ImportPosts.future(iter([batch(acknowledged)]), wait_for_ready=True)
        kill_everything(suite)
        assert under_way.exception() or under_way.result()
    suite.start()
    with Client(suite.target) as client:
        there = eventually(lambda: rows_there(client))
        sure = {f"row-{line}" for line in range(acknowledged * ROWS)}
        possible = {f"row-{line}" for line in range((acknowledged + 1) * ROWS)}
        assert sure <= set(there) <= possible
        assert len(there) == len(set(there)), "no row twice"
        assert len(there) % ROWS == 0, "a batch is there whole or not at all"

        again = [client.engagement.import_posts([batch(number)]) for number in range(BATCHES)]
        assert sum(answer.imported_count for answer in again) == BATCHES * ROWS - len(there)
        assert sum(answer.duplicate_count for answer in again) == len(there)
        assert sorted(rows_there(client)) == sorted({f"row-{line}" for line in range(BATCHES * ROWS)})
        assert [persona.name for persona in client.engagement.list_personas()] == ["Ava"]


def test_a_stream_of_batches_that_is_killed_in_the_middle_is_made_whole_by_another_run(suite: Suite) -> None:
    stopped_after = 5

    def batches_until_the_kill() -> Iterator[pb.ImportPostsRequest]:
        for number in range(BATCHES):
            if number == stopped_after:
                with Client(suite.target) as watcher:
                    # The batches before are durable, told by their rows, before everything ends.
                    eventually(lambda: len(rows_there(watcher)) >= (stopped_after - 1) * ROWS)
                    seen.extend(rows_there(watcher))
                kill_everything(suite)
            yield batch(number)

    seen: list[str] = []
    with grpc.insecure_channel(suite.target) as channel, pytest.raises(grpc.RpcError) as caught:
        engagement_pb2_grpc.EngagementServiceStub(channel).ImportPosts(batches_until_the_kill(), timeout=90)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    suite.start()
    with Client(suite.target) as client:
        there = rows_there(client)
        assert set(seen) <= set(there)
        assert len(there) == len(set(there))
        answer = client.engagement.import_posts(batch(number) for number in range(BATCHES))
        assert answer.imported_count == BATCHES * ROWS - len(there)
        assert sorted(rows_there(client)) == sorted({f"row-{line}" for line in range(BATCHES * ROWS)})


def test_everything_killed_under_load_keeps_what_was_acknowledged(suite: Suite) -> None:
    acknowledged: list[str] = []

    def load(caller: int) -> None:
        with grpc.insecure_channel(suite.target) as channel:
            stub = engagement_pb2_grpc.EngagementServiceStub(channel)
            for number in range(10_000):
                name = f"{caller}-{number}"
                try:
                    stub.CreatePersona(pb.CreatePersonaRequest(name=name), timeout=30)
                except grpc.RpcError:
                    return
                acknowledged.append(name)

    with ThreadPoolExecutor(8) as pool:
        for caller in range(8):
            pool.submit(load, caller)
        eventually(lambda: len(acknowledged) >= 100)
        kill_everything(suite)
    suite.start()
    with Client(suite.target) as client:
        found = [persona.name for persona in client.engagement.list_personas(page_size=1000)]
    assert set(acknowledged) <= set(found)
    assert len(found) == len(set(found))
    # At most one each was under way, done but not told.
    assert len(found) - len(acknowledged) <= 8
