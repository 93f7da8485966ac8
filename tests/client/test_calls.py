"""What every call is sent with, and which calls are sent again."""

from __future__ import annotations

import asyncio
import contextlib
import math
import threading
import time
from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from groundswell import (
    AsyncClient,
    Cancelled,
    Client,
    DeadlineExceeded,
    FailedPrecondition,
    InvalidArgument,
    Unavailable,
    types,
)
from tests.client.loopback import LoopbackServer, always, failing, in_turn, unavailable

POST = types.GetPostResponse(post=types.Post(id="7", caption="Sunrise"))
CREATED = types.CreatePersonaResponse(persona=types.Persona(id="1", name="Ava"))


def test_a_call_takes_fields_by_name(client: Client, loopback: LoopbackServer) -> None:
    loopback.answers["GetPost"] = always(POST)
    assert client.engagement.get_post(post_id="7").post.caption == "Sunrise"
    assert loopback.requests("GetPost") == [types.GetPostRequest(post_id="7")]


def test_fields_by_name_go_over_those_of_a_whole_request(client: Client, loopback: LoopbackServer) -> None:
    loopback.answers["CreatePersona"] = always(CREATED)
    request = types.CreatePersonaRequest(
        name="Ava", niche="beauty", handles=[types.PlatformHandle(platform=types.PLATFORM_TIKTOK, handle="ava")]
    )
    client.engagement.create_persona(
        request, niche="travel", handles=[{"platform": "instagram", "handle": "ava.travels"}]
    )
    (sent,) = loopback.requests("CreatePersona")
    assert (sent.name, sent.niche) == ("Ava", "travel")
    assert [handle.handle for handle in sent.handles] == ["ava.travels"]


def test_the_request_of_the_caller_stays_as_it_was(client: Client, loopback: LoopbackServer) -> None:
    loopback.answers["CreatePersona"] = always(CREATED)
    request = types.CreatePersonaRequest(name="Ava")
    client.engagement.create_persona(request, niche="travel")
    assert request == types.CreatePersonaRequest(name="Ava")


def test_a_change_gets_a_request_id_of_its_own_each_time(client: Client, loopback: LoopbackServer) -> None:
    loopback.answers["CreatePersona"] = always(CREATED)
    for _ in range(2):
        client.engagement.create_persona(name="Ava")
    first, second = (request.request_id for request in loopback.requests("CreatePersona"))
    assert len(first) == len(second) == 36
    assert first != second


def test_a_request_id_of_the_caller_is_kept(client: Client, loopback: LoopbackServer) -> None:
    loopback.answers["CreatePersona"] = always(CREATED)
    client.engagement.create_persona(name="Ava", request_id="import-17")
    client.engagement.create_persona(types.CreatePersonaRequest(name="Ava", request_id="import-18"))
    assert [request.request_id for request in loopback.requests("CreatePersona")] == ["import-17", "import-18"]


def test_every_call_is_named_for_the_logs(client: Client, loopback: LoopbackServer) -> None:
    loopback.answers["GetPost"] = always(POST)
    for _ in range(2):
        client.engagement.get_post(post_id="7")
    first, second = (asked.metadata["x-request-id"] for asked in loopback.asked)
    assert first != second


def test_a_name_for_the_logs_that_the_caller_gives_is_kept(client: Client, loopback: LoopbackServer) -> None:
    loopback.answers["GetPost"] = always(POST)
    client.engagement.get_post(post_id="7", metadata=[("x-request-id", "batch-3"), ("x-team", "blue")])
    (asked,) = loopback.asked
    assert (asked.metadata["x-request-id"], asked.metadata["x-team"]) == ("batch-3", "blue")


def test_the_api_key_goes_with_every_call(loopback: LoopbackServer) -> None:
    loopback.answers["GetPost"] = always(POST)
    with Client(loopback.target, api_key="gsk_7_secret") as client:
        client.engagement.get_post(post_id="7")
    assert loopback.asked[0].metadata["authorization"] == "Bearer gsk_7_secret"


def test_without_an_api_key_there_are_no_credentials(client: Client, loopback: LoopbackServer) -> None:
    loopback.answers["GetPost"] = always(POST)
    client.engagement.get_post(post_id="7")
    assert "authorization" not in loopback.asked[0].metadata


def test_every_call_has_a_deadline(client: Client, loopback: LoopbackServer) -> None:
    loopback.answers["GetPost"] = always(POST)
    client.engagement.get_post(post_id="7")
    assert loopback.asked[0].seconds_left == pytest.approx(30, abs=5)


@pytest.mark.parametrize("timeout", [5.0, 500.0])
def test_a_caller_can_give_less_time_or_more(client: Client, loopback: LoopbackServer, timeout: float) -> None:
    loopback.answers["GetPost"] = always(POST)
    client.engagement.get_post(post_id="7", timeout=timeout)
    assert loopback.asked[0].seconds_left == pytest.approx(timeout, abs=4)


def test_only_infinity_asks_for_no_deadline(client: Client, loopback: LoopbackServer) -> None:
    loopback.answers["GetPost"] = always(POST)
    client.engagement.get_post(post_id="7", timeout=math.inf)
    # Some servers see no deadline as one that is ages away.
    assert loopback.asked[0].seconds_left is None or loopback.asked[0].seconds_left > 1e6


def test_a_call_that_takes_too_long_is_given_up(client: Client, loopback: LoopbackServer) -> None:
    stopped = threading.Event()
    loopback.answers["GetPost"] = lambda request, context: (stopped.wait(20), POST)[1]
    with pytest.raises(DeadlineExceeded):
        client.engagement.get_post(post_id="7", timeout=0.2)
    stopped.set()


def test_a_read_is_repeated_while_the_server_is_unavailable(client: Client, loopback: LoopbackServer) -> None:
    loopback.answers["GetPost"] = in_turn(unavailable, unavailable, always(POST))
    assert client.engagement.get_post(post_id="7").post.id == "7"
    assert len(loopback.requests("GetPost")) == 3


def test_a_change_is_repeated_under_the_same_request_id(client: Client, loopback: LoopbackServer) -> None:
    loopback.answers["CreatePersona"] = in_turn(unavailable, unavailable, always(CREATED))
    assert client.engagement.create_persona(name="Ava").persona.id == "1"
    requests = loopback.requests("CreatePersona")
    assert len(requests) == 3
    assert len({request.request_id for request in requests}) == 1


async def test_asyncio_repeats_the_same_calls(async_client: AsyncClient, loopback: LoopbackServer) -> None:
    loopback.answers["CreatePersona"] = in_turn(unavailable, unavailable, always(CREATED))
    response = await async_client.engagement.create_persona(name="Ava")
    assert response.persona.id == "1"
    assert len({request.request_id for request in loopback.requests("CreatePersona")}) == 1


def test_repeating_ends_after_five_times(client: Client, loopback: LoopbackServer) -> None:
    loopback.answers["GetPost"] = unavailable
    with pytest.raises(Unavailable, match="restarting"):
        client.engagement.get_post(post_id="7")
    assert len(loopback.asked) == 5


@pytest.mark.parametrize(
    "code", [grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.ABORTED, grpc.StatusCode.INTERNAL]
)
def test_nothing_else_is_repeated(client: Client, loopback: LoopbackServer, code: grpc.StatusCode) -> None:
    loopback.answers["GetPost"] = failing(code, "no")
    with pytest.raises(Exception, match="no"):
        client.engagement.get_post(post_id="7")
    assert len(loopback.asked) == 1


def test_a_stream_of_changes_is_never_repeated(client: Client, loopback: LoopbackServer) -> None:
    loopback.answers["RecordInteractions"] = unavailable
    with pytest.raises(Unavailable):
        client.engagement.record_interactions([types.RecordInteractionsRequest(post_id="7")])
    assert len(loopback.asked) == 1


def test_messages_of_a_stream_may_be_mappings(client: Client, loopback: LoopbackServer) -> None:
    def count(requests: Iterator[types.RecordInteractionsRequest], _: Any) -> types.RecordInteractionsResponse:
        return types.RecordInteractionsResponse(recorded_count=sum(len(each.interactions) for each in requests))

    loopback.answers["RecordInteractions"] = count
    batches = ({"post_id": "7", "interactions": [{"kind": "like"}, {"kind": "comment"}]} for _ in range(3))
    assert client.engagement.record_interactions(batches).recorded_count == 6


async def test_messages_of_a_stream_may_come_asynchronously(
    async_client: AsyncClient, loopback: LoopbackServer
) -> None:
    loopback.answers["RecordInteractions"] = lambda requests, context: types.RecordInteractionsResponse(
        recorded_count=len(list(requests))
    )

    async def batches() -> Any:
        for _ in range(3):
            await asyncio.sleep(0)
            yield {"post_id": "7"}

    response = await async_client.engagement.record_interactions(batches())
    assert response.recorded_count == 3


def _broken(loopback: LoopbackServer) -> Iterator[dict[str, object]]:
    yield {"post_id": "7"}
    _until(lambda: bool(loopback.asked))
    raise FileNotFoundError("posts.csv")


def test_an_error_of_the_caller_s_own_iterator_comes_back_as_it_is(client: Client, loopback: LoopbackServer) -> None:
    cut_off = threading.Event()

    def drain(requests: Iterator[Any], context: grpc.ServicerContext) -> Any:
        ended = threading.Event()
        if not context.add_callback(ended.set):
            ended.set()
        # A cancelled stream ends for grpc's threaded server by an error or by its end, as the race has it. Only a
        # call that was cut off is over before the server has answered it.
        with contextlib.suppress(grpc.RpcError):
            list(requests)
        if ended.wait(10):
            cut_off.set()
        return types.RecordInteractionsResponse()

    loopback.answers["RecordInteractions"] = drain
    with pytest.raises(FileNotFoundError, match=r"posts\.csv"):
        client.engagement.record_interactions(_broken(loopback))
    assert cut_off.wait(10), "the server must not take the half of a stream for the whole"


async def test_an_error_of_an_asynchronous_iterator_comes_back_as_it_is(
    async_client: AsyncClient, loopback: LoopbackServer
) -> None:
    loopback.answers["RecordInteractions"] = lambda requests, context: list(requests) and None
    with pytest.raises(FileNotFoundError, match=r"posts\.csv"):
        await async_client.engagement.record_interactions(_broken(loopback))


def test_a_request_that_can_t_be_built_is_not_sent(client: Client, loopback: LoopbackServer) -> None:
    with pytest.raises(InvalidArgument) as caught:
        client.engagement.create_persona(name="Ava", handles=[{"platform": "myspace", "handle": "ava"}])
    assert [violation.field for violation in caught.value.fields] == ["handles[0].platform"]
    assert loopback.asked == []


def test_a_closed_client_says_so(client: Client) -> None:
    client.close()
    with pytest.raises(FailedPrecondition, match="closed"):
        client.engagement.get_post(post_id="7")


async def test_a_closed_asynchronous_client_says_so(async_client: AsyncClient) -> None:
    await async_client.close()
    with pytest.raises(FailedPrecondition, match="closed"):
        await async_client.engagement.get_post(post_id="7")


def test_closing_ends_calls_that_are_in_flight(client: Client, loopback: LoopbackServer) -> None:
    stopped = threading.Event()
    loopback.answers["GetPost"] = lambda request, context: (stopped.wait(20), POST)[1]

    def close_it() -> None:
        _until(lambda: bool(loopback.asked))
        client.close()

    closing = threading.Thread(target=close_it)
    closing.start()
    with pytest.raises(Cancelled):
        client.engagement.get_post(post_id="7")
    stopped.set()
    closing.join()


async def test_closing_ends_asynchronous_calls_that_are_in_flight(
    async_client: AsyncClient, loopback: LoopbackServer
) -> None:
    stopped = threading.Event()
    loopback.answers["GetPost"] = lambda request, context: (stopped.wait(20), POST)[1]
    call = asyncio.ensure_future(async_client.engagement.get_post(post_id="7"))
    await asyncio.to_thread(_until, lambda: bool(loopback.asked))
    await async_client.close()
    with pytest.raises(Cancelled):
        await call
    stopped.set()


async def test_a_cancelled_task_sees_its_own_cancellation(async_client: AsyncClient, loopback: LoopbackServer) -> None:
    stopped = threading.Event()
    loopback.answers["GetPost"] = lambda request, context: (stopped.wait(20), POST)[1]
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(async_client.engagement.get_post(post_id="7"), 0.2)
    stopped.set()


def test_many_threads_share_one_client(client: Client, loopback: LoopbackServer) -> None:
    loopback.answers["GetPost"] = lambda request, context: types.GetPostResponse(post=types.Post(id=request.post_id))
    answers: dict[str, str] = {}

    def ask(post_id: str) -> None:
        answers[post_id] = client.engagement.get_post(post_id=post_id).post.id

    threads = [threading.Thread(target=ask, args=(str(number),)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {str(number): str(number) for number in range(20)}


def _until(condition: Any) -> None:
    while not condition():
        time.sleep(0.01)


def test_a_change_is_named_for_the_logs_by_its_request_id(client: Client, loopback: LoopbackServer) -> None:
    loopback.answers["CreatePersona"] = always(CREATED)
    client.engagement.create_persona(name="Ava")
    (asked,) = loopback.asked
    assert asked.metadata["x-request-id"] == asked.request.request_id


def test_a_change_whose_answer_is_lost_can_be_repeated_by_what_its_error_says(
    client: Client, loopback: LoopbackServer
) -> None:
    loopback.answers["CreatePersona"] = in_turn(failing(grpc.StatusCode.DEADLINE_EXCEEDED, "late"), always(CREATED))
    with pytest.raises(DeadlineExceeded) as caught:
        client.engagement.create_persona(name="Ava")
    client.engagement.create_persona(name="Ava", request_id=caught.value.request_id)
    first, second = loopback.requests("CreatePersona")
    assert first == second


@pytest.mark.parametrize(
    ("name", "value"), [("X-Team", "blue"), ("x-team", "a\nb"), ("x-team", "grün"), ("x-team", b"blue"), ("a-bin", "b")]
)
async def test_metadata_that_can_t_be_carried_are_named(
    client: Client, async_client: AsyncClient, name: str, value: str | bytes
) -> None:
    for call in (client.engagement.get_post, async_client.engagement.get_post):
        with pytest.raises(InvalidArgument, match=name):
            await call(post_id="7", metadata=[(name, value)])  # type: ignore[misc]


def test_an_asynchronous_client_stays_with_its_event_loop(loopback: LoopbackServer) -> None:
    loopback.answers["GetPost"] = always(POST)
    client = AsyncClient(loopback.target)

    async def ask() -> None:
        await client.engagement.get_post(post_id="7")

    asyncio.run(ask())
    with pytest.raises(FailedPrecondition, match="event loop"):
        asyncio.run(ask())
