"""Facebook pages: one call for the insights of a post, a second for its shares, comments and reactions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from groundswell_server.engagement.metrics.engagement_rates import Counts
from groundswell_server.engagement.platforms.adapter import CommentPage, PlatformPost, Send
from groundswell_server.engagement.platforms.failures import NothingReported, PlatformFailure
from groundswell_server.engagement.platforms.graph_api import GraphApi, lifetime_values
from groundswell_server.engagement.platforms.responses import count, sum_known
from groundswell_storage.engagement.enums import Platform

_METRICS = "post_media_view,post_total_media_view_unique,post_clicks,post_reactions_by_type_total"
_FIELDS = "shares,comments.summary(true),reactions.summary(true)"


class Facebook(GraphApi):
    """The adapter of Facebook."""

    platform = Platform.FACEBOOK
    posts_per_fetch = 1
    calls_per_fetch = 2
    has_comments = False

    def fetch(self, send: Send, token: str, posts: Sequence[PlatformPost]) -> Mapping[str, Counts | PlatformFailure]:
        """Makes two calls for each post."""
        return {post.id: self._counts(send, token, post.id) for post in posts}

    def fetch_comments(self, send: Send, token: str, post_id: str, after: str) -> CommentPage:
        """Returns no comments: the API reveals too little about their authors."""
        return CommentPage((), "")

    def _counts(self, send: Send, token: str, id: str) -> Counts | PlatformFailure:
        insights = lifetime_values(send(self.request(f"{id}/insights", token, {"metric": _METRICS})))
        post = send(self.request(id, token, {"fields": _FIELDS}))
        reactions = count(post.part("reactions", "summary", "total_count"))
        counts = Counts(
            likes=_reactions(insights) if reactions is None else reactions,
            comments=count(post.part("comments", "summary", "total_count")),
            shares=count(post.part("shares", "count")),
            clicks=count(insights.get("post_clicks")),
            impressions=count(insights.get("post_media_view")),
            reach=count(insights.get("post_total_media_view_unique")),
        )
        return counts if counts != Counts() else NothingReported("an empty set")


def _reactions(insights: Mapping[str, Any]) -> int | None:
    """Returns the sum of `{"like": 5, "love": 2}`; None without this metric."""
    by_type = insights.get("post_reactions_by_type_total")
    return sum_known(*map(count, by_type.values())) if isinstance(by_type, Mapping) else None
