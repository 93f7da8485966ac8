"""HTTP calls to a platform: within its limit, with retries of transient failures, without logging tokens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import httpx
import stamina
import structlog
from stamina.instrumentation import RetryDetails, set_on_retry_hooks

from groundswell_server.engagement.platforms.adapter import Adapter
from groundswell_server.engagement.platforms.failures import Throttled, Unavailable
from groundswell_server.engagement.platforms.responses import Request, Response

TRIES = 4
MAX_RETRY = timedelta(seconds=10)
"""If a platform requests a longer wait, all calls pause, not only the current call."""
_FIRST_BACKOFF_SECONDS = 0.5
_MAX_BACKOFF_SECONDS = 8.0
_JITTER_SECONDS = 0.5
_TIMEOUT_SECONDS = 10.0
log = structlog.get_logger(__name__)


def open_client() -> httpx.Client:
    """Opens a client with a connection pool; the caller closes it."""
    return httpx.Client(timeout=_TIMEOUT_SECONDS, headers={"accept": "application/json"})


def log_retries() -> None:
    """Makes this process log retries: the failure and the wait."""
    set_on_retry_hooks((_log_retry,))


def _log_retry(details: RetryDetails) -> None:
    wait = round(details.wait_for, 2)
    log.info(
        "platform call failed; retrying", problem=str(details.caused_by), retry=details.retry_num, wait_seconds=wait
    )


class PlatformClient:
    """Makes the calls of one platform; it is the `send` of the adapters."""

    def __init__(
        self,
        client: httpx.Client,
        adapter: Adapter,
        *,
        spend: Callable[[], None],
        close: Callable[[timedelta], None],
        now: Callable[[], datetime],
    ) -> None:
        """`spend` takes another call from the budget and may raise; `close` blocks all calls for some time."""
        self._client = client
        self._adapter = adapter
        self._spend = spend
        self._close = close
        self._now = now

    def __call__(self, request: Request) -> Response:
        """Makes a call; the first attempt is paid for. Raises PlatformFailure, and the errors of `spend`."""
        for attempt in stamina.retry_context(
            on=backoff,
            attempts=TRIES,
            timeout=None,
            wait_initial=_FIRST_BACKOFF_SECONDS,
            wait_max=_MAX_BACKOFF_SECONDS,
            wait_jitter=_JITTER_SECONDS,
        ):
            with attempt:
                if attempt.num > 1:
                    self._spend()
                return self._once(request)
        raise AssertionError("the last try returns or raises")

    def _once(self, request: Request) -> Response:
        response = self._send(request)
        rest = self._adapter.cooldown(response)
        if rest is not None:
            self._close(rest)
        try:
            self._adapter.check(response)
        except Throttled as failure:
            # Without a reported time, all calls have left the window after its whole length.
            self._close(failure.regain if failure.regain is not None else self._adapter.limit.window)
            raise
        except Unavailable as failure:
            if failure.retry_after is not None and failure.retry_after > MAX_RETRY:
                self._close(failure.retry_after)
                raise Throttled(failure.message, failure.retry_after) from failure
            raise
        return response

    def _send(self, request: Request) -> Response:
        try:
            response = self._client.request(
                request.method,
                request.url,
                params={**request.parameters, **request.secret_parameters},
                headers={"authorization": f"Bearer {request.token}"} if request.token else None,
                json=request.body,
            )
        except httpx.HTTPError as error:
            # Not `from error`: its URL may contain the token.
            raise Unavailable(f"{httpx.URL(request.url).host} cannot be reached ({type(error).__name__})") from None
        try:
            body = response.json()
        except ValueError:
            body = None
        return Response(response.status_code, response.headers, body, self._now())


def backoff(error: Exception) -> bool | timedelta:
    """Returns True or a wait when a failed call is to be repeated, False otherwise."""
    if not isinstance(error, Unavailable):
        return False
    return True if error.retry_after is None else error.retry_after
