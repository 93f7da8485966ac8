"""X, formerly Twitter: public metrics of up to 100 posts a call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

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
from groundswell_server.engagement.platforms.responses import Request, Response, count, sum_known
from groundswell_storage.engagement.enums import Platform

_RATE_LIMITED = 88
_TOKEN_CODES = frozenset({32, 89})
"""Could not authenticate; invalid or expired token."""
_MARGIN = timedelta(seconds=1)
"""The reset time is in whole seconds."""


class Twitter:
    """The adapter of X."""

    platform = Platform.TWITTER
    posts_per_fetch = 100
    calls_per_fetch = 1
    has_comments = False

    def __init__(self, base_url: str, limit: Limit) -> None:
        self._url = f"{base_url}/2/tweets"
        self.limit = limit

    def fetch(self, send: Send, token: str, posts: Sequence[PlatformPost]) -> Mapping[str, Counts | PlatformFailure]:
        """Fetches all posts in one call; the response may contain both counts and errors."""
        ids = [post.id for post in posts]
        response = send(Request("GET", self._url, {"ids": ",".join(ids), "tweet.fields": "public_metrics"}, token))
        found: dict[str, Counts | PlatformFailure] = {id: Gone("not in the response") for id in ids}
        found.update((_named_post(error), _failure(error)) for error in _errors(response))
        for post in response.part("data") or ():
            if isinstance(post, Mapping):
                found[str(post.get("id"))] = _counts(post.get("public_metrics"))
        return {id: found[id] for id in ids}

    def fetch_comments(self, send: Send, token: str, post_id: str, after: str) -> CommentPage:
        """Returns no comments: replies are available through the paid search only."""
        return CommentPage((), "")

    def check(self, response: Response) -> None:
        """Raises the failure of a response: by its status, or by an error at status 200 that names no post."""
        message = _message(response)
        codes = {error.get("code") for error in _errors(response)}
        if response.status == 429 or _RATE_LIMITED in codes or response.part("status") == 429:
            raise Throttled(message, self.cooldown(response) or response.retry_after())
        if response.status == 401 or codes & _TOKEN_CODES or response.part("status") == 401:
            raise TokenRefused(message)
        if response.status == 403:
            raise NotPermitted(message)
        if response.status >= 500 or not isinstance(response.body, Mapping):
            raise Unavailable(message, response.retry_after())
        if response.status >= 300:
            raise Refused(message)
        if response.part("data") is None and not any(_named_post(error) for error in _errors(response)):
            raise Unavailable(message)

    def cooldown(self, response: Response) -> timedelta | None:
        """Returns the time to `x-rate-limit-reset` (Unix seconds) when `x-rate-limit-remaining` is 0."""
        remaining, reset = (response.headers.get(f"x-rate-limit-{name}", "") for name in ("remaining", "reset"))
        if not reset.isdecimal() or (response.status != 429 and remaining != "0"):
            return None
        wait = datetime.fromtimestamp(min(int(reset), 10**10), UTC) - response.time
        return max(timedelta(), wait) + _MARGIN


def _counts(metrics: Any) -> Counts | PlatformFailure:
    known = {name: count(value) for name, value in metrics.items()} if isinstance(metrics, Mapping) else {}
    likes, impressions = known.get("like_count"), known.get("impression_count")
    counts = Counts(
        likes=likes,
        comments=known.get("reply_count"),
        shares=sum_known(known.get("retweet_count"), known.get("quote_count")),
        saves=known.get("bookmark_count"),
        # X reports 0 for posts from before it counted impressions, and a post with likes was shown.
        impressions=None if likes and not impressions else impressions,
    )
    return counts if counts != Counts() else NothingReported("no public metrics")


def _failure(error: Mapping[str, Any]) -> PlatformFailure:
    """Returns the failure of an error that names one post."""
    message = str(error.get("detail") or error.get("message") or error.get("title") or "")
    kind = str(error.get("type", "")).rpartition("/")[2]
    if kind == "resource-not-found":
        return Gone(message)
    if kind == "not-authorized-for-resource":
        return NotPermitted(message)
    return Refused(message)


def _errors(response: Response) -> Iterator[Mapping[str, Any]]:
    for error in response.part("errors") or ():
        if isinstance(error, Mapping):
            yield error


def _named_post(error: Mapping[str, Any]) -> str:
    """Returns the id of the post that an error names; empty for an error of the call."""
    return str(error.get("resource_id") or error.get("value") or "")


def _message(response: Response) -> str:
    """Returns the message of either error format: a problem (`title`, `detail`) or a list of `errors`."""
    messages = [response.part("detail") or response.part("title")]
    messages += [error.get("message") or error.get("detail") for error in _errors(response)]
    return next((str(text) for text in messages if text), f"HTTP {response.status}")
