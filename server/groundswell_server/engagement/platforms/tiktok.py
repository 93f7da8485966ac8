"""TikTok: counts of up to 20 videos in one call. It reports neither reach nor saves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from groundswell_server.engagement.metrics.engagement_rates import Counts
from groundswell_server.engagement.platforms.adapter import CommentPage, PlatformPost, Send
from groundswell_server.engagement.platforms.call_limits import Limit
from groundswell_server.engagement.platforms.failures import (
    Gone,
    NothingReported,
    NotPermitted,
    PlatformFailure,
    Refused,
    Throttled,
    TokenRefused,
    Unavailable,
)
from groundswell_server.engagement.platforms.responses import Request, Response, count
from groundswell_storage.engagement.enums import Platform

_FIELDS = "id,like_count,comment_count,share_count,view_count"
_FAILURES: Mapping[str, type[PlatformFailure]] = {
    "access_token_invalid": TokenRefused,
    "scope_not_authorized": NotPermitted,
    "scope_permission_missed": NotPermitted,
    "rate_limit_exceeded": Throttled,
    "internal_error": Unavailable,
}


class TikTok:
    """The adapter of TikTok."""

    platform = Platform.TIKTOK
    posts_per_fetch = 20
    calls_per_fetch = 1
    has_comments = False

    def __init__(self, base_url: str, limit: Limit) -> None:
        self._url = f"{base_url}/v2/video/query/"
        self.limit = limit

    def fetch(self, send: Send, token: str, posts: Sequence[PlatformPost]) -> Mapping[str, Counts | PlatformFailure]:
        """Fetches all videos in one call; videos that the response omits no longer exist."""
        ids = [post.id for post in posts]
        response = send(Request("POST", self._url, {"fields": _FIELDS}, token, body={"filters": {"video_ids": ids}}))
        videos = response.part("data", "videos") or ()
        found = {str(video.get("id")): _counts(video) for video in videos if isinstance(video, Mapping)}
        return {id: found.get(id, Gone("not in the response")) for id in ids}

    def fetch_comments(self, send: Send, token: str, post_id: str, after: str) -> CommentPage:
        """Returns no comments: the API has none."""
        return CommentPage((), "")

    def check(self, response: Response) -> None:
        """Raises the failure of a response. A status of 200 is a success only when `error.code` is "ok"."""
        code = response.part("error", "code")
        message = str(response.part("error", "message") or code or f"HTTP {response.status}")
        if response.status == 429 or code == "rate_limit_exceeded":
            raise Throttled(message, response.retry_after())
        if response.status >= 500 or code == "internal_error" or not isinstance(response.body, Mapping):
            raise Unavailable(message, response.retry_after())
        if code != "ok":
            raise _FAILURES.get(str(code), Refused)(message)

    def cooldown(self, response: Response) -> timedelta | None:
        """Returns None: the headers have no limits."""
        return None


def _counts(video: Mapping[str, object]) -> Counts | PlatformFailure:
    counts = Counts(
        likes=count(video.get("like_count")),
        comments=count(video.get("comment_count")),
        shares=count(video.get("share_count")),
        views=count(video.get("view_count")),
    )
    return counts if counts != Counts() else NothingReported("no counts")
