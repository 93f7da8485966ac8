"""List calls as iterators, which fetch pages when they are needed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """A page of a list call."""

    items: tuple[Item, ...]
    """The items, in the order of the call."""

    next_page_token: str
    """Token of the next page; empty on the last page."""


class Pager(Generic[Item]):
    """The items of a list call. Each iteration starts at the first page and asks the server again.

    >>> from groundswell import Client
    >>> with Client() as client:
    ...     [post.caption for post in client.engagement.list_posts(platform="instagram")]
    ['Sunrise', 'Sunset']
    """

    def __init__(self, fetch: Callable[[str], Page[Item]]) -> None:
        self._fetch = fetch

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: iterate over it for the items, over pages() for pages>"

    def __iter__(self) -> Iterator[Item]:
        for page in self.pages():
            yield from page.items

    def pages(self) -> Iterator[Page[Item]]:
        """Fetches the pages one by one."""
        page = self._fetch("")
        yield page
        while page.next_page_token:
            page = self._fetch(page.next_page_token)
            yield page


class AsyncPager(Generic[Item]):
    """The items of a list call, for `async for`."""

    def __init__(self, fetch: Callable[[str], Awaitable[Page[Item]]]) -> None:
        self._fetch = fetch

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: iterate over it for the items, over pages() for pages>"

    async def __aiter__(self) -> AsyncIterator[Item]:
        async for page in self.pages():
            for item in page.items:
                yield item

    async def pages(self) -> AsyncIterator[Page[Item]]:
        """Fetches the pages one by one."""
        page = await self._fetch("")
        yield page
        while page.next_page_token:
            page = await self._fetch(page.next_page_token)
            yield page
