"""Streams in both directions: no call of the contract is one yet, so this speaks to a service of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest

from groundswell import AlreadyExists, types
from groundswell._channel_invoker import AsyncChannelInvoker, ChannelInvoker
from groundswell._connections import Connection
from groundswell._methods import Method

TALK = Method("/test.Echo/Talk", types.Post, types.Post)


def _talk(requests: Iterator[types.Post], context: grpc.ServicerContext) -> Iterator[types.Post]:
    for request in requests:
        if request.caption == "stop":
            context.abort(grpc.StatusCode.ALREADY_EXISTS, "said before")
        yield types.Post(caption=request.caption.upper())


@pytest.fixture
def connection() -> Iterator[Connection]:
    """To a server that says everything louder."""
    server = grpc.server(ThreadPoolExecutor(4))
    handler = grpc.stream_stream_rpc_method_handler(_talk, types.Post.FromString, types.Post.SerializeToString)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Echo", {"Talk": handler}),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield Connection.of(f"127.0.0.1:{port}", None, None, insecure=False)
    server.stop(0).wait()


def _say(*words: str, then: Exception | None = None) -> Iterator[types.Post]:
    for word in words:
        yield types.Post(caption=word)
    if then is not None:
        raise then


async def _say_later(*words: str, then: Exception | None = None) -> AsyncIterator[types.Post]:
    for message in _say(*words, then=then):
        yield message


def test_each_side_goes_on_as_the_other_does(connection: Connection) -> None:
    invoker = ChannelInvoker(connection)
    heard = invoker.bidi(TALK, _say("one", "two"), None, None)
    assert [message.caption for message in heard] == ["ONE", "TWO"]
    assert heard.cursor == ""
    invoker.close()


def test_a_refusal_is_typed(connection: Connection) -> None:
    invoker = ChannelInvoker(connection)
    with pytest.raises(AlreadyExists, match="said before"):
        list(invoker.bidi(TALK, _say("one", "stop"), None, None))
    invoker.close()


def test_an_error_of_the_caller_s_own_iterator_comes_back_as_it_is(connection: Connection) -> None:
    invoker = ChannelInvoker(connection)
    with pytest.raises(ZeroDivisionError):
        list(invoker.bidi(TALK, _say("one", then=ZeroDivisionError()), None, None))
    invoker.close()


@pytest.mark.parametrize(
    ("words", "then", "kind"),
    [(("one", "stop"), None, AlreadyExists), (("one",), ZeroDivisionError(), ZeroDivisionError)],
    ids=["a refusal", "an error of the caller's own"],
)
async def test_asyncio_raises_the_same(
    connection: Connection, words: tuple[str, ...], then: Exception | None, kind: Any
) -> None:
    invoker = AsyncChannelInvoker(connection)
    with pytest.raises(kind):
        _ = [message async for message in invoker.bidi(TALK, _say_later(*words, then=then), None, None)]
    await invoker.close()


async def test_asyncio_talks_the_same_way(connection: Connection) -> None:
    invoker = AsyncChannelInvoker(connection)
    heard = invoker.bidi(TALK, _say_later("one", "two"), None, None)
    assert [message.caption async for message in heard] == ["ONE", "TWO"]
    await invoker.close()
