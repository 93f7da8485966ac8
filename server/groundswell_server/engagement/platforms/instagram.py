"""Instagram: the insights of one post in each call, and its comments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from groundswell_server.engagement.interactions.interactions import NewInteraction
from groundswell_server.engagement.metrics.engagement_rates import Counts
from groundswell_server.engagement.platforms.adapter import CommentPage, PlatformPost, Send
from groundswell_server.engagement.platforms.failures import NothingReported, NotPermitted, PlatformFailure
from groundswell_server.engagement.platforms.graph_api import GraphApi, lifetime_values
from groundswell_server.engagement.platforms.responses import count
from groundswell_storage.engagement.enums import InteractionKind, Platform
from groundswell_storage.fields import to_micros

_METRICS = "reach,likes,comments,shares,saved,total_interactions,views"
_COMMENTS_PER_PAGE = 50
_TOO_FEW = "not enough viewers"
"""Text of error 10 for a story with under 5 views; otherwise error 10 is a missing permission."""


class Instagram(GraphApi):
    """The adapter of Instagram."""

    platform = Platform.INSTAGRAM
    posts_per_fetch = 1
    calls_per_fetch = 1
    has_comments = True

    def fetch(self, send: Send, token: str, posts: Sequence[PlatformPost]) -> Mapping[str, Counts | PlatformFailure]:
        """Makes one call for each post."""
        return {post.id: self._counts(send, token, post) for post in posts}

    def fetch_comments(self, send: Send, token: str, post_id: str, after: str) -> CommentPage:
        """Returns comments newest first, 50 in a page."""
        parameters = {"fields": "id,text,username,timestamp", "limit": str(_COMMENTS_PER_PAGE)}
        response = send(self.request(f"{post_id}/comments", token, parameters | ({"after": after} if after else {})))
        comments = [_comment(raw) for raw in response.part("data") or () if isinstance(raw, Mapping)]
        more = response.part("paging", "next") and response.part("paging", "cursors", "after")
        return CommentPage([comment for comment in comments if comment is not None], str(more or ""))

    def _counts(self, send: Send, token: str, post: PlatformPost) -> Counts | PlatformFailure:
        try:
            values = lifetime_values(send(self.request(f"{post.id}/insights", token, {"metric": _METRICS})))
        except NotPermitted as failure:
            if post.is_story and _TOO_FEW in failure.message.lower():
                return NothingReported(failure.message)
            raise
        known = {name: count(value) for name, value in values.items()}
        counts = Counts(
            likes=known.get("likes"),
            comments=known.get("comments"),
            shares=known.get("shares"),
            saves=known.get("saved"),
            reach=known.get("reach"),
            views=known.get("views"),
        )
        return counts if counts != Counts() else NothingReported("an empty set")


def _comment(raw: Mapping[str, Any]) -> NewInteraction | None:
    """Returns a comment; None when its time cannot be read."""
    try:
        time = datetime.fromisoformat(str(raw.get("timestamp")))
    except ValueError:
        return None
    if time.tzinfo is None or not raw.get("id"):
        return None
    return NewInteraction(
        InteractionKind.COMMENT,
        to_micros(time),
        str(raw.get("username") or ""),
        str(raw.get("text") or ""),
        str(raw["id"]),
    )
