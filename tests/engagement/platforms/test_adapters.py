"""The responses of each platform, by error code and header."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from groundswell_server.engagement.metrics.engagement_rates import Counts
from groundswell_server.engagement.platforms import adapters
from groundswell_server.engagement.platforms.adapter import Adapter, PlatformPost
from groundswell_server.engagement.platforms.failures import (
    Gone,
    NotPermitted,
    PlatformFailure,
    Refused,
    Throttled,
    TokenRefused,
    Unavailable,
)
from groundswell_server.engagement.platforms.http_client import (
    MAX_RETRY,
    TRIES,
    PlatformClient,
    backoff,
    log_retries,
    open_client,
)
from groundswell_server.engagement.platforms.responses import Request, Response
from groundswell_server.settings import load
from groundswell_storage.engagement.enums import Platform
from tests.stand_in import StandIn
from tests.stand_in.wire import Reply

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ADAPTERS = adapters(load())
INSTAGRAM, FACEBOOK = ADAPTERS[Platform.INSTAGRAM], ADAPTERS[Platform.FACEBOOK]
TWITTER, TIKTOK = ADAPTERS[Platform.TWITTER], ADAPTERS[Platform.TIKTOK]


def response(status: int, body: Any, **headers: str) -> Response:
    """Returns a response of a platform."""
    return Response(status, httpx.Headers({name.replace("_", "-"): text for name, text in headers.items()}), body, NOW)


def graph_error(code: int, subcode: int = 0, **others: Any) -> dict[str, Any]:
    """The body of an error of the Graph API."""
    return {"error": {"message": "no", "type": "OAuthException", "code": code, "error_subcode": subcode, **others}}


@pytest.mark.parametrize("adapter", [INSTAGRAM, FACEBOOK], ids=["instagram", "facebook"])
@pytest.mark.parametrize("status", [200, 400, 403, 500])
@pytest.mark.parametrize(
    ("body", "failure"),
    [
        (graph_error(190, 463), TokenRefused),
        *((graph_error(code), NotPermitted) for code in (10, 200, 250, 299)),
        (graph_error(100, 33), Gone),
        (graph_error(100), Refused),
        (graph_error(1), Unavailable),
        (graph_error(2), Unavailable),
        (graph_error(999, is_transient=True), Unavailable),
        *((graph_error(code), Throttled) for code in (4, 17, 32, 613, 80001, 80002)),
        (graph_error(300), Refused),
    ],
)
def test_a_graph_error_means_what_its_code_says_whatever_the_status(
    adapter: Adapter, status: int, body: Mapping[str, Any], failure: type[PlatformFailure]
) -> None:
    with pytest.raises(failure) as caught:
        adapter.check(response(status, body))
    assert type(caught.value) is failure


@pytest.mark.parametrize(
    ("adapter", "status", "body", "failure"),
    [
        (INSTAGRAM, 502, None, Unavailable),
        (INSTAGRAM, 200, ["no", "object"], Unavailable),
        (INSTAGRAM, 429, None, Throttled),
        (TWITTER, 401, {"title": "Unauthorized", "status": 401}, TokenRefused),
        (TWITTER, 200, {"title": "Unauthorized", "status": 401}, TokenRefused),
        (TWITTER, 200, {"errors": [{"code": 89, "message": "Invalid or expired token."}]}, TokenRefused),
        (TWITTER, 403, {"title": "Forbidden", "detail": "not for this app"}, NotPermitted),
        (TWITTER, 429, {"title": "Too Many Requests", "type": "about:blank", "status": 429}, Throttled),
        (TWITTER, 429, {"errors": [{"code": 88, "message": "Rate limit exceeded"}]}, Throttled),
        (TWITTER, 200, {"errors": [{"code": 88, "message": "Rate limit exceeded"}]}, Throttled),
        (TWITTER, 200, {"errors": [{"message": "Something went wrong"}]}, Unavailable),
        (TWITTER, 200, {}, Unavailable),
        (TWITTER, 503, None, Unavailable),
        (TWITTER, 400, {"errors": [{"message": "bad ids"}]}, Refused),
        (TIKTOK, 200, {"error": {"code": "access_token_invalid"}}, TokenRefused),
        (TIKTOK, 401, {"error": {"code": "scope_not_authorized"}}, NotPermitted),
        (TIKTOK, 200, {"error": {"code": "scope_permission_missed"}}, NotPermitted),
        (TIKTOK, 200, {"error": {"code": "rate_limit_exceeded"}}, Throttled),
        (TIKTOK, 429, None, Throttled),
        (TIKTOK, 200, {"error": {"code": "internal_error"}}, Unavailable),
        (TIKTOK, 200, {"data": {"videos": []}}, Refused),
        (TIKTOK, 400, {"error": {"code": "invalid_params"}}, Refused),
    ],
)
def test_an_answer_as_a_whole(adapter: Adapter, status: int, body: Any, failure: type[PlatformFailure]) -> None:
    with pytest.raises(failure) as caught:
        adapter.check(response(status, body))
    assert type(caught.value) is failure


@pytest.mark.parametrize(
    ("adapter", "body"),
    [
        (INSTAGRAM, {"data": []}),
        (TWITTER, {"data": [], "errors": [{"resource_id": "1", "type": "/resource-not-found"}]}),
        (TWITTER, {"errors": [{"value": "1", "type": "/resource-not-found"}]}),
        (TIKTOK, {"data": {}, "error": {"code": "ok", "message": ""}}),
    ],
)
def test_an_answer_that_is_no_failure(adapter: Adapter, body: Any) -> None:
    adapter.check(response(200, body))


def test_rests_that_headers_ask_for() -> None:
    def usage(**figures: int) -> str:
        return json.dumps({"123": [{"type": "pages", **figures}]})

    regain = usage(call_count=100, estimated_time_to_regain_access=12)
    assert INSTAGRAM.cooldown(response(200, {}, x_business_use_case_usage=regain)) == timedelta(minutes=12)
    assert FACEBOOK.cooldown(response(400, {}, x_business_use_case_usage=usage(call_count=40))) is None
    assert FACEBOOK.cooldown(response(200, {}, x_app_usage='{"call_count": 28, "total_time": 25}')) is None
    assert FACEBOOK.cooldown(response(200, {}, x_app_usage='{"call_count": 28, "total_cputime": 99}')) == timedelta(
        minutes=3
    )
    assert FACEBOOK.cooldown(response(200, {}, x_app_usage="nonsense", x_business_use_case_usage='["x"]')) is None
    reset = str(int(NOW.timestamp()) + 90)
    used_up = response(200, {}, x_rate_limit_remaining="0", x_rate_limit_reset=reset)
    assert TWITTER.cooldown(used_up) == timedelta(seconds=91)
    assert TWITTER.cooldown(response(200, {}, x_rate_limit_remaining="7", x_rate_limit_reset=reset)) is None
    assert TWITTER.cooldown(response(429, {}, x_rate_limit_remaining="7", x_rate_limit_reset=reset)) == timedelta(
        seconds=91
    )
    assert TIKTOK.cooldown(response(200, {})) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("7", 7), ("Sun, 01 Mar 2026 12:00:30 GMT", 30), ("Sun, 01 Mar 2026 11:00:00 GMT", 0), ("soon", None), ("", None)],
)
def test_retry_after_is_seconds_or_a_date(text: str, seconds: int | None) -> None:
    expected = None if seconds is None else timedelta(seconds=seconds)
    assert response(503, {}, retry_after=text).retry_after() == expected


def test_a_metric_that_repeats_by_day_counts_by_its_lifetime() -> None:
    day = {"name": "post_clicks", "period": "day", "values": [{"value": 3}]}
    lifetime = {"name": "post_clicks", "period": "lifetime", "values": [{"value": 41}]}
    for data in ([day, lifetime], [lifetime, day]):
        told = iter([response(200, {"data": data}), response(200, {"id": "p", "shares": {"count": 2}})])
        counts = FACEBOOK.fetch(lambda request: next(told), "token", [PlatformPost("p")])["p"]  # noqa: B023
        assert counts == Counts(clicks=41, shares=2)


def test_impressions_that_were_never_counted_are_unknown() -> None:
    body = {"data": [{"id": "1", "public_metrics": {"like_count": 4, "impression_count": 0}}]}
    counts = TWITTER.fetch(lambda request: response(200, body), "token", [PlatformPost("1")])["1"]
    assert counts == Counts(likes=4)


def test_tokens_stand_where_the_platform_wants_them_and_in_no_words() -> None:
    asked: list[Request] = []

    def send(request: Request) -> Response:
        asked.append(request)
        return response(200, {"data": [], "error": {"code": "ok"}} if "tiktok" in request.url else {"data": []})

    for adapter in ADAPTERS.values():
        adapter.fetch(send, "sesame", [PlatformPost("1")])
    assert [(each.token, dict(each.secret_parameters)) for each in asked] == [
        *[("", {"access_token": "sesame"})] * 3,
        *[("sesame", {})] * 2,
    ]
    assert "sesame" not in repr(asked)


def test_a_failed_call_is_repeated_for_as_long_as_it_asks_and_only_when_that_helps() -> None:
    assert backoff(Unavailable("down")) is True
    assert backoff(Unavailable("down", timedelta(seconds=3))) == timedelta(seconds=3)
    assert not any(map(backoff, (Throttled("limit"), Refused("no"), TokenRefused("no"), ValueError())))


def api(adapter: Adapter, spent: list[int], rests: list[timedelta]) -> PlatformClient:
    """Returns a client of a platform that records what it spends."""
    return PlatformClient(open_client(), adapter, spend=lambda: spent.append(1), close=rests.append, now=lambda: NOW)


def test_every_try_is_paid_for(stand_in: StandIn) -> None:
    spent: list[int] = []
    stand_in.replies += [Reply(503, {})] * 9
    with pytest.raises(Unavailable):
        api(INSTAGRAM, spent, [])(Request("GET", f"{stand_in.url}/v26.0/1/insights"))
    assert (len(stand_in.asked), len(spent)) == (TRIES, TRIES - 1)


def test_a_long_retry_after_is_a_rest_for_all(stand_in: StandIn) -> None:
    rests: list[timedelta] = []
    long = MAX_RETRY + timedelta(seconds=1)
    stand_in.replies.append(Reply(503, {}, {"retry-after": f"{long.total_seconds():.0f}"}))
    with pytest.raises(Throttled):
        api(INSTAGRAM, [], rests)(Request("GET", f"{stand_in.url}/v26.0/1/insights"))
    assert (rests, len(stand_in.asked)) == ([long], 1)


def test_what_is_tried_again_is_logged_in_a_line_without_its_address(stand_in: StandIn) -> None:
    log_retries()
    stand_in.replies += [Reply(503, {})] * 9
    request = Request("GET", f"{stand_in.url}/v26.0/1/insights", secret_parameters={"access_token": "sesame"})
    with capture_logs() as told, pytest.raises(Unavailable):
        api(INSTAGRAM, [], [])(request)
    assert [line["retry"] for line in told] == list(range(1, TRIES))
    assert {line["event"] for line in told} == {"platform call failed; retrying"}
    assert "sesame" not in str(told)


def test_a_platform_that_cannot_be_reached_is_named_without_its_address() -> None:
    request = Request("GET", "http://127.0.0.1:9/v26.0/1", secret_parameters={"access_token": "sesame"})
    with pytest.raises(Unavailable) as caught:
        api(INSTAGRAM, [], [])(request)
    assert str(caught.value) == "127.0.0.1 cannot be reached (ConnectError)"
    assert "sesame" not in f"{caught.value} {caught.value.__cause__}"
    assert caught.value.__suppress_context__
