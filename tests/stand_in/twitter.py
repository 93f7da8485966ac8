"""X as its API shows it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle

from tests.stand_in.limits import FixedWindow
from tests.stand_in.posts import Fault, StandInPost
from tests.stand_in.wire import Asked, Reply

MAX_IDS = 100
_PROBLEMS = "https://api.twitter.com/2/problems/"

_TOO_MANY = cycle(
    [
        {"title": "Too Many Requests", "detail": "Too Many Requests", "type": "about:blank", "status": 429},
        {"errors": [{"code": 88, "message": "Rate limit exceeded"}]},
    ]
)


def answer(asked: Asked, limit: FixedWindow, find: Callable[[str], StandInPost], valid: Callable[[str], bool]) -> Reply:
    """What is answered to a call, with the headers of the limit."""
    allowed = limit.allows(asked.time)
    headers = {
        "x-rate-limit-limit": str(limit.calls),
        "x-rate-limit-remaining": str(limit.remaining),
        "x-rate-limit-reset": str(int(limit.reset) + 1),
    }
    reply = _answer(asked, find, valid) if allowed else Reply(429, next(_TOO_MANY))
    return Reply(reply.status, reply.body, {**headers, **reply.headers})


def _answer(asked: Asked, find: Callable[[str], StandInPost], valid: Callable[[str], bool]) -> Reply:
    if not valid(asked.token):
        return Reply(401, {"title": "Unauthorized", "type": "about:blank", "status": 401, "detail": "Unauthorized"})
    posts = [find(id) for id in asked.parameters["ids"].split(",")]
    if len(posts) > MAX_IDS or any(post.fault is Fault.POISON for post in posts):
        refused = {"errors": [{"parameters": {"ids": []}, "message": "The `ids` query parameter value is not valid"}]}
        return Reply(400, refused | {"title": "Invalid Request", "type": f"{_PROBLEMS}invalid-request"})
    if any(post.fault is Fault.BROKEN for post in posts):
        return Reply(503, {"title": "Service Unavailable", "type": "about:blank", "status": 503})
    for post in posts:
        if post.hiccups:
            post.hiccups -= 1
            return Reply(503, {"title": "Service Unavailable", "type": "about:blank", "status": 503})
    counted = "public_metrics" in asked.parameters.get("tweet.fields", "").split(",")
    data = [_post(post, counted) for post in posts if post.fault not in (Fault.GONE, Fault.FORBIDDEN)]
    errors = [_error(post) for post in posts if post.fault in (Fault.GONE, Fault.FORBIDDEN)]
    return Reply(200, ({"data": data} if data else {}) | ({"errors": errors} if errors else {}))


def _post(post: StandInPost, counted: bool) -> dict[str, object]:
    told: dict[str, object] = {"id": post.id, "text": "...", "edit_history_tweet_ids": [post.id]}
    if counted and post.fault is not Fault.EMPTY:
        told["public_metrics"] = {
            "retweet_count": post.shares - post.shares // 4,
            "reply_count": post.comments,
            "like_count": post.likes,
            "quote_count": post.shares // 4,
            "bookmark_count": post.saves,
            "impression_count": post.likes - 1 if post.fault is Fault.IMPOSSIBLE else post.views,
        }
    return told


def _error(post: StandInPost) -> dict[str, object]:
    gone = post.fault is Fault.GONE
    kind = "resource-not-found" if gone else "not-authorized-for-resource"
    return {
        "value": post.id,
        "resource_id": post.id,
        "resource_type": "tweet",
        "parameter": "ids",
        "title": "Not Found Error" if gone else "Authorization Error",
        "detail": f"Could not find tweet with ids: [{post.id}]."
        if gone
        else "Sorry, you are not authorized to see it.",
        "type": f"{_PROBLEMS}{kind}",
    }
