"""Lists as iterators."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from groundswell import AsyncClient, Client, InvalidArgument, types
from tests.client.loopback import LoopbackServer, failing, in_turn, reason


def _three_pages(request: types.ListPostsRequest, context: Any) -> types.ListPostsResponse:
    first = int(request.page_token or 0)
    posts = [types.Post(id=str(number)) for number in range(first, min(first + 2, 5))]
    return types.ListPostsResponse(posts=posts, next_page_token=str(first + 2) if first + 2 < 5 else "")


def test_items_come_one_by_one_over_all_pages(client: Client, loopback: LoopbackServer) -> None:
    loopback.answers["ListPosts"] = _three_pages
    assert [post.id for post in client.engagement.list_posts()] == ["0", "1", "2", "3", "4"]


def test_every_page_is_asked_for_with_the_same_filters(client: Client, loopback: LoopbackServer) -> None:
    loopback.answers["ListPosts"] = _three_pages
    list(client.engagement.list_posts(platform="tiktok", page_size=2))
    assert loopback.requests("ListPosts") == [
        types.ListPostsRequest(platform=types.PLATFORM_TIKTOK, page_size=2, page_token=token)
        for token in ("", "2", "4")
    ]


def test_nothing_is_asked_before_it_is_needed(client: Client, loopback: LoopbackServer) -> None:
    loopback.answers["ListPosts"] = _three_pages
    posts = iter(client.engagement.list_posts())
    assert loopback.asked == []
    next(posts)
    next(posts)
    assert len(loopback.asked) == 1
    next(posts)
    assert len(loopback.asked) == 2


def test_pages_come_with_the_token_of_the_next(client: Client, loopback: LoopbackServer) -> None:
    loopback.answers["ListPosts"] = _three_pages
    pages = list(client.engagement.list_posts().pages())
    assert [[post.id for post in page.items] for page in pages] == [["0", "1"], ["2", "3"], ["4"]]
    assert [page.next_page_token for page in pages] == ["2", "4", ""]


def test_a_list_goes_on_from_a_token_that_was_kept(client: Client, loopback: LoopbackServer) -> None:
    loopback.answers["ListPosts"] = _three_pages
    assert [post.id for post in client.engagement.list_posts(page_token="4")] == ["4"]


def test_each_iteration_begins_anew(client: Client, loopback: LoopbackServer) -> None:
    loopback.answers["ListPosts"] = _three_pages
    posts = client.engagement.list_posts()
    assert len(list(posts)) == len(list(posts)) == 5


def test_nobody_knows_how_many_items_there_are(client: Client) -> None:
    with pytest.raises(TypeError):
        len(client.engagement.list_posts())  # type: ignore[arg-type]


def test_a_page_that_is_refused_raises_when_it_is_reached(client: Client, loopback: LoopbackServer) -> None:
    refused = failing(grpc.StatusCode.INVALID_ARGUMENT, "damaged", reason("PAGE_TOKEN_INVALID"))
    loopback.answers["ListPosts"] = in_turn(_three_pages, refused)
    posts = iter(client.engagement.list_posts())
    assert [next(posts).id, next(posts).id] == ["0", "1"]
    with pytest.raises(InvalidArgument) as caught:
        next(posts)
    assert caught.value.reason == "PAGE_TOKEN_INVALID"


async def test_asyncio_iterates_the_same_way(async_client: AsyncClient, loopback: LoopbackServer) -> None:
    loopback.answers["ListPosts"] = _three_pages
    posts = async_client.engagement.list_posts(page_size=2)
    assert [post.id async for post in posts] == ["0", "1", "2", "3", "4"]
    assert [page.next_page_token async for page in posts.pages()] == ["2", "4", ""]


async def test_asyncio_raises_the_same_errors(async_client: AsyncClient, loopback: LoopbackServer) -> None:
    loopback.answers["ListPosts"] = failing(grpc.StatusCode.INVALID_ARGUMENT, "damaged", reason("PAGE_TOKEN_INVALID"))
    with pytest.raises(InvalidArgument):
        async for _ in async_client.engagement.list_posts(page_token="x"):
            pass
