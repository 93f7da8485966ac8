"""The interface of all platforms."""

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
"""Makes a call and returns its response if that is no failure of the call as a whole; raises PlatformFailure."""


@dataclass(frozen=True, slots=True)
class PlatformPost:
    """A post to ask for."""

    id: str
    """On the platform."""
    is_story: bool = False


@dataclass(frozen=True, slots=True)
class CommentPage:
    """Some comments of a post."""

    comments: Sequence[NewInteraction]
    after: str
    """Where the next page begins; empty on the last."""


class Adapter(Protocol):
    """What a platform's API looks like."""

    @property
    def platform(self) -> Platform:
        """The platform."""

    @property
    def limit(self) -> Limit:
        """How many calls it allows."""

    @property
    def posts_per_fetch(self) -> int:
        """Posts that one fetch can ask for."""

    @property
    def calls_per_fetch(self) -> int:
        """Calls that one fetch makes."""

    @property
    def has_comments(self) -> bool:
        """Whether single comments can be fetched."""

    def fetch(self, send: Send, token: str, posts: Sequence[PlatformPost]) -> Mapping[str, Counts | PlatformFailure]:
        """Counts, or what went wrong, by the id of each post. Raises what `send` raises."""

    def fetch_comments(self, send: Send, token: str, post_id: str, after: str) -> CommentPage:
        """A page of a post's comments in one call, from the first for an empty `after`. Raises what `send` raises."""

    def check(self, response: Response) -> None:
        """Raises the PlatformFailure that a response as a whole is."""

    def cooldown(self, response: Response) -> timedelta | None:
        """How long no more calls shall be made, by the headers of a response; None when they ask for no rest."""
