"""Streams from the server: they end, they are closed, and they go on after a lost connection."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import grpc
import pytest
from google.protobuf import duration_pb2
from google.rpc import error_details_pb2
from hypothesis import given
from hypothesis import strategies as some

from groundswell import (
    AsyncClient,
    Client,
    DeadlineExceeded,
    FailedPrecondition,
    InvalidArgument,
    Unavailable,
    errors,
    types,
)
from groundswell._backoff import Backoff, BackoffPolicy
from tests.client.loopback import Answer, LoopbackServer, failing, in_turn, reason, unavailable


def _change(number: int) -> types.WatchEngagementResponse:
    return types.WatchEngagementResponse(cursor=str(number), deleted_post_id=f"post-{number}")


def _bookmark(number: int) -> types.WatchEngagementResponse:
    return types.WatchEngagementResponse(cursor=str(number))


class _Log:
    """Changes 1 to `last`, told after any cursor; the connection breaks after each number in `breaks`, once."""

    def __init__(self, last: int, breaks: set[int] | None = None, ends: Answer | None = None) -> None:
        self.last = last
        self.breaks = breaks or set()
        self.broken: Answer = unavailable
        self.ends = ends

    def __call__(self, request: types.WatchEngagementRequest, context: grpc.ServicerContext) -> Iterator[Any]:
        after = int(request.cursor or 0)
        yield _bookmark(after)
        for number in range(after + 1, self.last + 1):
            yield _change(number)
            if number in self.breaks:
                self.breaks.remove(number)
                self.broken(request, context)
        if self.ends:
            self.ends(request, context)


def _ids(changes: Any) -> list[str]:
    return [change.deleted_post_id for change in changes]


def _posts(first: int, last: int) -> list[str]:
    return [f"post-{number}" for number in range(first, last + 1)]


def test_changes_come_until_the_server_ends(client: Client, loopback: LoopbackServer) -> None:
    loopback.answers["WatchEngagement"] = _Log(3)
    assert _ids(client.engagement.watch_engagement()) == _posts(1, 3)


def test_a_bookmark_is_kept_and_not_handed_out(client: Client, loopback: LoopbackServer) -> None:
    loopback.answers["WatchEngagement"] = lambda request, context: iter([_bookmark(41), _change(42), _bookmark(57)])
    changes = client.engagement.watch_engagement()
    assert _ids(changes) == ["post-42"]
    assert changes.cursor == "57"


def test_a_stream_goes_on_after_a_lost_connection_without_a_gap_or_a_repeat(
    client: Client, loopback: LoopbackServer
) -> None:
    loopback.answers["WatchEngagement"] = _Log(9, breaks={2, 3, 7})
    assert _ids(client.engagement.watch_engagement(persona_ids=["p"])) == _posts(1, 9)
    requests = loopback.requests("WatchEngagement")
    assert [request.cursor for request in requests] == ["", "2", "3", "7"]
    assert {tuple(request.persona_ids) for request in requests} == {("p",)}


def test_what_happens_before_the_first_change_is_not_missed(client: Client, loopback: LoopbackServer) -> None:
    def lost_at_once(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        yield _bookmark(4)
        unavailable(request, context)

    loopback.answers["WatchEngagement"] = in_turn(lost_at_once, _Log(6))
    assert _ids(client.engagement.watch_engagement()) == ["post-5", "post-6"]


def test_a_stream_begins_after_a_cursor_that_was_kept(client: Client, loopback: LoopbackServer) -> None:
    loopback.answers["WatchEngagement"] = _Log(5)
    assert _ids(client.engagement.watch_engagement(cursor="3")) == ["post-4", "post-5"]


def test_a_stream_outlives_a_restart_of_the_server() -> None:
    log = _Log(2, ends=lambda request, context: threading.Event().wait(20))
    with LoopbackServer(WatchEngagement=log) as first, Client(first.target) as client:
        changes = iter(client.engagement.watch_engagement())
        assert [next(changes).cursor, next(changes).cursor] == ["1", "2"]
        first.stop()
        with LoopbackServer(port=first.port, WatchEngagement=_Log(4)) as second:
            assert [next(changes).cursor, next(changes).cursor] == ["3", "4"]
            assert second.requests("WatchEngagement")[0].cursor == "2"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (failing(grpc.StatusCode.INVALID_ARGUMENT, "damaged", reason("CURSOR_INVALID")), InvalidArgument),
        (failing(grpc.StatusCode.FAILED_PRECONDITION, "no"), FailedPrecondition),
    ],
)
def test_what_time_does_not_mend_is_raised(
    client: Client, loopback: LoopbackServer, answer: Answer, kind: type[Exception]
) -> None:
    loopback.answers["WatchEngagement"] = _Log(2, ends=answer)
    changes = client.engagement.watch_engagement()
    assert [next(changes).cursor, next(changes).cursor] == ["1", "2"]
    with pytest.raises(kind):
        next(changes)
    assert list(changes) == []


def test_a_caller_s_time_is_that_of_the_whole_stream(client: Client, loopback: LoopbackServer) -> None:
    log = _Log(3, breaks={1}, ends=lambda request, context: threading.Event().wait(5))
    loopback.answers["WatchEngagement"] = log
    changes = client.engagement.watch_engagement(timeout=1.5)
    with pytest.raises(DeadlineExceeded):
        _ids(changes)
    assert len(loopback.asked) == 2


def test_closing_from_another_thread_ends_a_silent_stream(client: Client, loopback: LoopbackServer) -> None:
    silent = threading.Event()
    loopback.answers["WatchEngagement"] = _Log(1, ends=lambda request, context: silent.wait(20))
    changes = client.engagement.watch_engagement()
    assert next(changes).cursor == "1"
    closing = threading.Timer(0.1, changes.close)
    closing.start()
    assert list(changes) == []
    silent.set()


def test_closing_while_a_stream_waits_to_reconnect_ends_it(client: Client, loopback: LoopbackServer) -> None:
    loopback.answers["WatchEngagement"] = in_turn(_Log(1, breaks={1}), unavailable)
    changes = client.engagement.watch_engagement()
    assert next(changes).cursor == "1"
    closing = threading.Timer(0.5, changes.close)
    closing.start()
    assert list(changes) == []


def test_leaving_the_block_tells_the_server(client: Client, loopback: LoopbackServer) -> None:
    left = threading.Event()

    def watched(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        context.add_callback(left.set)
        yield _change(1)
        left.wait(20)

    loopback.answers["WatchEngagement"] = watched
    with client.engagement.watch_engagement() as changes:
        next(changes)
    assert left.wait(10)
    assert list(changes) == []


def test_a_stream_of_a_closed_client_says_so(client: Client) -> None:
    client.close()
    with pytest.raises(FailedPrecondition, match="closed"):
        client.engagement.watch_engagement()


def test_a_stream_is_open_before_its_first_message_is_asked_for(client: Client, loopback: LoopbackServer) -> None:
    opened = threading.Event()

    def watched(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        opened.set()
        yield _change(1)

    loopback.answers["WatchEngagement"] = watched
    changes = client.engagement.watch_engagement()
    assert opened.wait(10)
    assert _ids(changes) == ["post-1"]


async def test_asyncio_goes_on_without_a_gap_or_a_repeat(async_client: AsyncClient, loopback: LoopbackServer) -> None:
    loopback.answers["WatchEngagement"] = _Log(9, breaks={2, 3, 7})
    async with async_client.engagement.watch_engagement() as changes:
        assert [change.deleted_post_id async for change in changes] == _posts(1, 9)
        assert changes.cursor == "9"
    assert [request.cursor for request in loopback.requests("WatchEngagement")] == ["", "2", "3", "7"]


async def test_asyncio_goes_on_after_a_wait_that_was_given_up(
    async_client: AsyncClient, loopback: LoopbackServer
) -> None:
    silent = threading.Event()
    loopback.answers["WatchEngagement"] = in_turn(_Log(1, ends=lambda request, context: silent.wait(20)), _Log(2))
    changes = async_client.engagement.watch_engagement()
    assert (await anext(changes)).cursor == "1"
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(changes), 0.2)
    assert (await anext(changes)).cursor == "2"
    silent.set()


async def test_asyncio_raises_what_time_does_not_mend(async_client: AsyncClient, loopback: LoopbackServer) -> None:
    loopback.answers["WatchEngagement"] = failing(grpc.StatusCode.INVALID_ARGUMENT, "bad", reason("CURSOR_INVALID"))
    with pytest.raises(InvalidArgument):
        await anext(async_client.engagement.watch_engagement(cursor="x"))


async def test_closing_ends_a_silent_asynchronous_stream(async_client: AsyncClient, loopback: LoopbackServer) -> None:
    silent = threading.Event()
    loopback.answers["WatchEngagement"] = _Log(1, ends=lambda request, context: silent.wait(20))
    changes = async_client.engagement.watch_engagement()
    assert (await anext(changes)).cursor == "1"
    asyncio.get_running_loop().call_later(0.1, lambda: asyncio.ensure_future(changes.close()))
    assert [change async for change in changes] == []
    silent.set()


async def test_closing_while_an_asynchronous_stream_waits_to_reconnect_ends_it(
    async_client: AsyncClient, loopback: LoopbackServer
) -> None:
    loopback.answers["WatchEngagement"] = in_turn(_Log(1, breaks={1}), unavailable)
    changes = async_client.engagement.watch_engagement()
    assert (await anext(changes)).cursor == "1"
    asyncio.get_running_loop().call_later(0.5, lambda: asyncio.ensure_future(changes.close()))
    assert [change async for change in changes] == []


# How long to go on: the rule by itself, without a clock

DEFAULT_BACKOFF = BackoffPolicy(
    first_wait=0.2, longest_wait=10, growth=2, before_contact=10, after_contact=900, settled_after=60
)
LOST = errors.Unavailable("lost")


def _outage(random: Callable[[], float] = lambda: 1.0) -> Backoff:
    return Backoff(DEFAULT_BACKOFF, random)


def test_waits_double_up_to_the_longest() -> None:
    backoff = _outage()
    backoff.answered()
    assert [backoff.wait_after(LOST, 0, 0) for _ in range(8)] == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]


def test_an_answer_ends_the_trouble() -> None:
    backoff = _outage()
    backoff.answered()
    for _ in range(5):
        backoff.wait_after(LOST, 0, 0)
    backoff.answered()
    assert backoff.wait_after(LOST, 0, 5000) == 0.2


def test_a_server_that_never_answered_is_given_up_soon() -> None:
    backoff = _outage()
    assert backoff.wait_after(LOST, 0, 0) == 0.2
    assert backoff.wait_after(LOST, 0, 9) == 0.4
    assert backoff.wait_after(LOST, 0, 10) is None


def test_a_server_that_answered_once_is_given_a_quarter_of_an_hour() -> None:
    backoff = _outage()
    backoff.answered()
    assert backoff.wait_after(LOST, 0, 0) is not None
    assert backoff.wait_after(LOST, 880, 880) is not None
    assert backoff.wait_after(LOST, 899, 900) is None


def test_a_silent_connection_that_lived_long_ends_the_trouble_too() -> None:
    backoff = _outage()
    backoff.wait_after(LOST, 0, 0)
    assert backoff.wait_after(LOST, 1, 4000) == 0.2


def test_the_server_s_advice_is_followed() -> None:
    advised = errors.Unavailable("busy", errors.Explanation(retry_after=timedelta(seconds=7)))
    assert _outage().wait_after(advised, 0, 0) == 7


def test_the_end_of_a_connection_s_lifetime_is_no_trouble() -> None:
    assert _outage().wait_after(errors.DeadlineExceeded("over"), 0, 3600) == 0


@pytest.mark.parametrize("kind", [errors.Cancelled, errors.ResourceExhausted])
def test_what_a_server_says_on_its_way_out_is_believed_only_after_contact(kind: type[errors.GroundswellError]) -> None:
    error = kind("later", errors.Explanation(retry_after=timedelta(seconds=1)))
    backoff = _outage()
    assert backoff.wait_after(error, 0, 0) is None
    backoff.answered()
    assert backoff.wait_after(error, 0, 0) is not None


@given(chance=some.floats(0, 1, exclude_max=True), failures=some.integers(1, 30))
def test_every_wait_is_between_half_of_its_length_and_the_whole(chance: float, failures: int) -> None:
    backoff = _outage(lambda: chance)
    backoff.answered()
    waits = [backoff.wait_after(LOST, 0, 0) for _ in range(failures)]
    longest = [min(0.2 * 2**number, 10) for number in range(failures)]
    assert all(wait is not None and full / 2 <= wait <= full for wait, full in zip(waits, longest, strict=True))


def test_a_stream_that_is_told_to_come_back_later_does(client: Client, loopback: LoopbackServer) -> None:
    log = _Log(3, breaks={2})
    retry = error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(nanos=300_000_000))
    log.broken = failing(grpc.StatusCode.RESOURCE_EXHAUSTED, "too many streams", retry)
    loopback.answers["WatchEngagement"] = log
    assert _ids(client.engagement.watch_engagement()) == _posts(1, 3)


def test_a_server_that_is_not_there_is_given_up() -> None:
    with Client("127.0.0.1:1") as client:
        changes = client.engagement.watch_engagement(timeout=1)
        with pytest.raises((Unavailable, DeadlineExceeded)):
            next(changes)


async def test_closing_the_client_ends_an_asynchronous_stream(
    async_client: AsyncClient, loopback: LoopbackServer
) -> None:
    silent = threading.Event()
    loopback.answers["WatchEngagement"] = _Log(1, ends=lambda request, context: silent.wait(20))
    changes = async_client.engagement.watch_engagement()
    assert (await anext(changes)).cursor == "1"
    asyncio.get_running_loop().call_later(0.1, lambda: asyncio.ensure_future(async_client.close()))
    with pytest.raises(FailedPrecondition, match="closed"):
        await anext(changes)
    silent.set()


def test_closing_the_client_ends_a_stream(client: Client, loopback: LoopbackServer) -> None:
    silent = threading.Event()
    loopback.answers["WatchEngagement"] = _Log(1, ends=lambda request, context: silent.wait(20))
    changes = client.engagement.watch_engagement()
    assert next(changes).cursor == "1"
    threading.Timer(0.1, client.close).start()
    with pytest.raises(FailedPrecondition, match="closed"):
        next(changes)
    silent.set()
