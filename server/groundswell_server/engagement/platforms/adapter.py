"""The interface of the platform adapters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from groundswell_server.engagement.interactions.interactions import NewInteraction
from groundswell_server.engagement.metrics.engagement_rates import Counts
from groundswell_server.engagement.platforms.call_limits import Limit
from groundswell_server.engagement.platforms.failures import PlatformFailure
from groundswell_server.engagement.platforms.responses import Request, Response
from groundswell_storage.engagement.enums import Platform

Send = Callable[[Request], Response]
"""Makes a call and returns its response; raises PlatformFailure when the call as a whole failed."""


@dataclass(frozen=True, slots=True)
class PlatformPost:
    """A post to fetch."""

    id: str
    """Id on the platform."""
    is_story: bool = False


@dataclass(frozen=True, slots=True)
class CommentPage:
    """A page of a post's comments."""

    comments: Sequence[NewInteraction]
    after: str
    """Start of the next page; empty on the last."""


class Adapter(Protocol):
    """The API of a platform."""

    @property
    def platform(self) -> Platform:
        """The platform."""

    @property
    def limit(self) -> Limit:
        """The call limit."""

    @property
    def posts_per_fetch(self) -> int:
        """Posts in one fetch."""

    @property
    def calls_per_fetch(self) -> int:
        """Calls of one fetch."""

    @property
    def has_comments(self) -> bool:
        """True when single comments can be fetched."""

    def fetch(self, send: Send, token: str, posts: Sequence[PlatformPost]) -> Mapping[str, Counts | PlatformFailure]:
        """Returns counts or a failure by the id of each post. Raises the failures of `send`."""

    def fetch_comments(self, send: Send, token: str, post_id: str, after: str) -> CommentPage:
        """Returns a page of comments in one call, the first for an empty `after`. Raises the failures of `send`."""

    def check(self, response: Response) -> None:
        """Raises the PlatformFailure of a response that failed as a whole."""

    def cooldown(self, response: Response) -> timedelta | None:
        """Returns the pause that the headers of a response request; None without one."""
