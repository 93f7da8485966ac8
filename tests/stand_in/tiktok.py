"""TikTok as its API shows it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.stand_in.limits import RollingWindow
from tests.stand_in.posts import Fault, StandInPost
from tests.stand_in.wire import Asked, Reply

MAX_IDS = 20


def error(status: int, code: str, message: str) -> Reply:
    """An error, which may well come at status 200."""
    return Reply(status, {"data": {}, "error": {"code": code, "message": message, "log_id": "20260101ABCDEF"}})


def answer(
    asked: Asked, limit: RollingWindow, find: Callable[[str], StandInPost], valid: Callable[[str], bool]
) -> Reply:
    """What is answered to a call."""
    if not limit.allows(asked.time):
        return error(429, "rate_limit_exceeded", "The API rate limit was exceeded. Please try again later.")
    if not valid(asked.token):
        return error(200, "access_token_invalid", "The access token is invalid or not found in the request.")
    posts = [find(str(id)) for id in asked.body["filters"]["video_ids"]]
    if len(posts) > MAX_IDS or any(post.fault is Fault.POISON for post in posts):
        return error(400, "invalid_params", "One or more fields in request is invalid")
    for post in posts:
        if post.hiccups or post.fault is Fault.BROKEN:
            post.hiccups = max(0, post.hiccups - 1)
            return error(200, "internal_error", "Something is wrong. Please try again later.")
    wanted = asked.parameters.get("fields", "").split(",")
    videos = [_video(post, wanted) for post in posts if post.fault is not Fault.GONE]
    ok = {"code": "ok", "message": "", "log_id": "20260101ABCDEF"}
    return Reply(200, {"data": {"videos": videos, "cursor": 0, "has_more": False}, "error": ok})


def _video(post: StandInPost, wanted: Sequence[str]) -> dict[str, object]:
    """Nothing is told that was not asked for."""
    told: dict[str, object] = {"id": post.id}
    if post.fault is not Fault.EMPTY:
        told |= {"like_count": post.likes, "comment_count": post.comments}
        told |= {"share_count": post.shares, "view_count": post.views}
    return {name: value for name, value in told.items() if name in wanted}
