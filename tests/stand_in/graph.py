"""Instagram and Facebook as the Graph API shows them."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import cycle
from math import ceil

from tests.stand_in.limits import RollingWindow
from tests.stand_in.posts import Fault, StandInPost
from tests.stand_in.wire import Asked, Reply

VERSION = "/v26.0/"
Find = Callable[[str], StandInPost]

_THROTTLES = cycle([(400, 4), (403, 17), (400, 32), (400, 613), (403, 80001), (400, 80002)])


def error(status: int, code: int, message: str, subcode: int = 0, *, transient: bool = False) -> Reply:
    """An error of the Graph API."""
    told = {
        "message": message,
        "type": "OAuthException",
        "code": code,
        "fbtrace_id": "AbCdEf",
        "is_transient": transient,
    }
    return Reply(status, {"error": told | ({"error_subcode": subcode} if subcode else {})})


def answer(asked: Asked, limit: RollingWindow, find: Find, valid: Callable[[str], bool]) -> Reply:
    """What is answered to a call, with the headers of usage."""
    if not limit.allows(asked.time):
        status, code = next(_THROTTLES)
        minutes = ceil(limit.regain_seconds(asked.time) / 60)
        case = {"type": "instagram", "call_count": 100, "total_cputime": 25, "total_time": 25}
        usage = {"17841400008460056": [case | {"estimated_time_to_regain_access": minutes}]}
        reply = error(status, code, "Application request limit reached")
        return Reply(reply.status, reply.body, {"x-business-use-case-usage": json.dumps(usage)})
    used = {"call_count": limit.used_pct, "total_time": 10, "total_cputime": 12}
    reply = _answer(asked, find, valid)
    return Reply(reply.status, reply.body, {"x-app-usage": json.dumps(used), **reply.headers})


def _answer(asked: Asked, find: Find, valid: Callable[[str], bool]) -> Reply:
    if not valid(asked.token):
        return error(400, 190, "Error validating access token: the session has been invalidated", 460)
    id, _, edge = asked.path.removeprefix(VERSION).partition("/")
    post = find(id)
    if post.hiccups or post.fault is Fault.BROKEN:
        post.hiccups = max(0, post.hiccups - 1)
        return error(500, 2, "An unexpected error has occurred. Please retry your request later.", transient=True)
    if post.fault is Fault.GONE:
        return error(400, 100, f"Unsupported get request. Object with ID '{id}' does not exist", 33)
    if post.fault is Fault.FORBIDDEN:
        return error(403, 200, "(#200) Provide valid app ID")
    if post.fault is Fault.TOO_FEW:
        return error(400, 10, "(#10) Not enough viewers for the media to show insights")
    if edge == "comments":
        return _comments(asked, post)
    if edge == "insights":
        return Reply(200, {"data": [] if post.fault is Fault.EMPTY else _insights(asked.parameters["metric"], post)})
    return Reply(200, {"id": id} if post.fault is Fault.EMPTY else _fields(asked.parameters.get("fields", ""), post))


def _insights(metrics: str, post: StandInPost) -> list[dict[str, object]]:
    values: dict[str, object] = {
        "reach": post.reach,
        "likes": post.likes,
        "comments": post.comments,
        "shares": post.shares,
        "saved": post.saves,
        "total_interactions": post.likes + post.comments + post.shares + post.saves,
        "views": post.views,
        "post_media_view": post.views,
        "post_total_media_view_unique": post.reach,
        "post_clicks": post.saves,
        "post_reactions_by_type_total": {"like": post.likes - post.likes // 3, "love": post.likes // 3},
    }
    found: list[dict[str, object]] = []
    for name in metrics.split(","):
        if name.startswith("post_"):
            # Facebook repeats a metric by day; whoever takes the first of them is wrong.
            found.append(
                {"name": name, "period": "day", "values": [{"value": 1, "end_time": "2026-01-01T08:00:00+0000"}]}
            )
        found.append(
            {"name": name, "period": "lifetime", "values": [{"value": values[name]}], "id": f"{post.id}/{name}"}
        )
    return found


def _fields(wanted: str, post: StandInPost) -> dict[str, object]:
    """Nothing is told that was not asked for; totals stand in summaries, which have to be asked for too."""
    told: dict[str, object] = {
        "shares": {"count": post.shares},
        "comments.summary(true)": {"data": [], "summary": {"order": "ranked", "total_count": post.comments}},
        "reactions.summary(true)": {"data": [], "summary": {"total_count": post.likes, "viewer_reaction": "NONE"}},
    }
    names = [name for name in wanted.split(",") if name in told]
    return {"id": post.id, **{name.partition(".")[0]: told[name] for name in names}}


def _comments(asked: Asked, post: StandInPost) -> Reply:
    """Newest first; a cursor is the number of comments before it."""
    start = int(asked.parameters.get("after", "0"))
    end = min(post.comments, start + int(asked.parameters.get("limit", "25")))
    wanted = {"id", *asked.parameters.get("fields", "text,timestamp").split(",")}
    told = [post.comment(post.comments - 1 - place) for place in range(start, end)]
    page = [{name: value for name, value in comment.items() if name in wanted} for comment in told]
    paging: dict[str, object] = {"cursors": {"before": str(start), "after": str(end)}}
    if end < post.comments:
        paging["next"] = f"https://graph.facebook.com{asked.path}?after={end}"
    return Reply(200, {"data": page, "paging": paging} if page else {"data": []})
