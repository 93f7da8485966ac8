"""The Graph API of Instagram and Facebook: errors, usage headers, insights."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from groundswell_server.engagement.platforms.call_limits import Limit
from groundswell_server.engagement.platforms.failures import (
    Gone,
    NotPermitted,
    PlatformFailure,
    Refused,
    Throttled,
    TokenRefused,
    Unavailable,
)
from groundswell_server.engagement.platforms.responses import Request, Response

VERSION = "v26.0"
_TOKEN = 190
_PERMISSION = frozenset({10, *range(200, 300)})
_GONE = (100, 33)
_TRANSIENT = frozenset({1, 2})
_THROTTLED = frozenset({4, 17, 32, 613, 80001, 80002})
_NEARLY_ALL_PCT = 95
"""Usage above which other clients of the same limit may exhaust it."""
_BREATHER = timedelta(minutes=3)
"""A twentieth of the hour over which usage is counted."""


class GraphApi:
    """The common part of both adapters."""

    def __init__(self, base_url: str, limit: Limit) -> None:
        self._url = f"{base_url}/{VERSION}"
        self.limit = limit

    def request(self, path: str, token: str, parameters: Mapping[str, str]) -> Request:
        """Returns a request of the API."""
        return Request("GET", f"{self._url}/{path}", parameters, secret_parameters={"access_token": token})

    def check(self, response: Response) -> None:
        """Raises the failure of a response. The code decides, not the HTTP status: throttling may be a 400."""
        error = response.part("error")
        if isinstance(error, Mapping):
            raise self._failure(error, response)
        if response.status == 429:
            raise Throttled("too many requests", self.cooldown(response) or response.retry_after())
        if response.status >= 500 or not isinstance(response.body, Mapping):
            raise Unavailable(f"HTTP {response.status}", response.retry_after())
        if response.status >= 300:
            raise Refused(f"HTTP {response.status}")

    def cooldown(self, response: Response) -> timedelta | None:
        """Returns the time to regain access (minutes in the usage header), or a short pause at high usage."""
        cases = _json(response.headers.get("x-business-use-case-usage", ""))
        usages = [usage for of_one in cases.values() if isinstance(of_one, list) for usage in of_one]
        minutes = max(_figures(usages, "estimated_time_to_regain_access"), default=0)
        if minutes > 0:
            return timedelta(minutes=minutes)
        used = [_json(response.headers.get("x-app-usage", "")), *usages]
        kinds = ("call_count", "total_time", "total_cputime")
        nearly_all = any(pct > _NEARLY_ALL_PCT for kind in kinds for pct in _figures(used, kind))
        return _BREATHER if nearly_all else None

    def _failure(self, error: Mapping[str, Any], response: Response) -> PlatformFailure:
        code, message = error.get("code"), f"{error.get('message', '')} (code {error.get('code')})"
        if code == _TOKEN:
            return TokenRefused(message)
        if code in _THROTTLED:
            return Throttled(message, self.cooldown(response) or response.retry_after())
        if code in _PERMISSION:
            return NotPermitted(message)
        if (code, error.get("error_subcode")) == _GONE:
            return Gone(message)
        if code in _TRANSIENT or error.get("is_transient") is True:
            return Unavailable(message, response.retry_after())
        return Refused(message)


def lifetime_values(response: Response) -> dict[str, Any]:
    """Returns the lifetime value of each metric of an insights response; a metric may have other periods."""
    found = {}
    for metric in response.part("data") or ():
        if isinstance(metric, Mapping) and metric.get("period") == "lifetime":
            values = metric.get("values")
            if isinstance(values, list) and values and isinstance(values[0], Mapping):
                found[str(metric.get("name"))] = values[0].get("value")
    return found


def _json(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        return {}
    return found if isinstance(found, Mapping) else {}


def _figures(usages: Iterable[Any], kind: str) -> Iterator[float]:
    for usage in usages:
        figure = usage.get(kind) if isinstance(usage, Mapping) else None
        if isinstance(figure, int | float):
            yield figure
