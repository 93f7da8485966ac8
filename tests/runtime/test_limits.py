"""Rates of keys: drawn in lots from one bucket, by however many servers there are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import grpc
import pytest

from groundswell.v1 import engagement_pb2 as pb
from groundswell_server.runtime.token_buckets import TokenBuckets
from groundswell_storage.calls.token_buckets import Draw, Limit, drawn_from
from groundswell_storage.errors import Unavailable
from tests.errors import refusal
from tests.running import RunningServer


class Bucket:
    """A shared bucket that nothing flows into, and what was drawn from it."""

    def __init__(self, tokens: int, limit: Limit) -> None:
        self.tokens = float(tokens)
        self.limit = limit
        self.lots: list[int] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def draw(self, key: str, wanted: int) -> Draw:
        await self.gate.wait()
        self.tokens, drawn = drawn_from(self.tokens, 0.0, wanted, self.limit)
        self.lots.append(drawn.tokens)
        return drawn


class Clock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def calls(token_buckets: TokenBuckets, number: int) -> int:
    """How many of so many calls are let through."""
    through = 0
    for _ in range(number):
        through += token_buckets.take("key") or not await token_buckets.wait("key")
        await asyncio.sleep(0)  # what is drawn beside the calls comes in
    return through


async def test_no_more_calls_are_let_through_than_there_are_tokens() -> None:
    bucket = Bucket(20, Limit(0.001, 20))
    token_buckets = TokenBuckets(bucket.limit, bucket.draw, monotonic=Clock())
    assert await calls(token_buckets, 50) == 20
    assert await token_buckets.wait("key") == pytest.approx(1000)


async def test_a_rush_draws_in_lots_that_grow_and_leave_something_to_others() -> None:
    bucket = Bucket(400, Limit(1.0, 400))
    token_buckets = TokenBuckets(bucket.limit, bucket.draw, monotonic=Clock())
    assert await calls(token_buckets, 300) == 300
    assert len(bucket.lots) < 15
    assert max(bucket.lots) == 100


async def test_a_quiet_key_keeps_no_more_than_it_needs() -> None:
    bucket, clock = Bucket(400, Limit(1.0, 400)), Clock()
    token_buckets = TokenBuckets(bucket.limit, bucket.draw, monotonic=clock)
    await calls(token_buckets, 300)
    for _ in range(600):
        clock.now += 10
        await calls(token_buckets, 1)
        bucket.tokens = 400.0
    assert bucket.lots[-1] == 1


async def test_a_call_with_a_token_in_hand_waits_for_no_drawing() -> None:
    bucket = Bucket(400, Limit(1.0, 400))
    token_buckets = TokenBuckets(bucket.limit, bucket.draw, monotonic=Clock())
    await calls(token_buckets, 100)
    bucket.gate.clear()
    assert token_buckets.take("key")


async def test_refused_calls_do_not_ask_before_there_can_be_a_token() -> None:
    bucket, clock = Bucket(0, Limit(1.0, 4)), Clock()
    token_buckets = TokenBuckets(bucket.limit, bucket.draw, monotonic=clock)
    assert await calls(token_buckets, 100) == 0
    assert len(bucket.lots) == 1
    bucket.tokens, clock.now = 1.0, clock.now + 1.0
    assert await calls(token_buckets, 1) == 1


async def test_without_the_database_each_process_limits_alone() -> None:
    async def fail(key: str, wanted: int) -> Draw:
        raise Unavailable("the database can't be reached")

    clock = Clock()
    token_buckets = TokenBuckets(Limit(1.0, 5), fail, monotonic=clock)
    assert await calls(token_buckets, 50) == 5
    clock.now += 2
    assert await calls(token_buckets, 50) == 2


async def test_a_caller_who_gives_up_loses_nobody_their_lot() -> None:
    bucket = Bucket(10, Limit(1.0, 4))
    token_buckets = TokenBuckets(bucket.limit, bucket.draw, monotonic=Clock())
    bucket.gate.clear()
    impatient, patient = (asyncio.create_task(token_buckets.wait("key")) for _ in range(2))
    await asyncio.sleep(0)
    impatient.cancel()
    bucket.gate.set()
    assert await patient == 0.0


def test_two_servers_share_the_rate_of_a_key(database_url: str) -> None:
    limits = {"rate_limit_per_second": 0.001, "rate_limit_burst": 20}
    with RunningServer(database_url, **limits) as one, RunningServer(database_url, **limits) as other:
        key = one.key("shared")
        stubs = [server.engagement(key) for server in (one, other)]
        through = sum(let_through(stubs[number % 2].ListPersonas) for number in range(60))
        with refusal() as refused:
            stubs[0].ListPersonas(pb.ListPersonasRequest())
    assert through == 20
    assert (refused.code, refused.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "RATE_LIMITED")
    assert refused.retry_seconds is not None
    assert refused.retry_seconds > 0


def let_through(call: Callable[[pb.ListPersonasRequest], object]) -> bool:
    try:
        call(pb.ListPersonasRequest())
    except grpc.RpcError as error:
        return error.code() is not grpc.StatusCode.RESOURCE_EXHAUSTED
    return True
