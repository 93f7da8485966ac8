"""A stage: duration and status code of each call, for Prometheus and the log.

The counters are plain integers of the event loop's thread, bound to the method when it is registered. They become
metrics only at a scrape, so that a call pays less than a microsecond.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from typing import Any

import grpc
import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from groundswell_server.runtime.call import Call, Handler
from groundswell_server.runtime.errors import Refusal
from groundswell_server.runtime.methods import Method

BOUNDS_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

log = structlog.get_logger(__name__)


class CallCounters:
    """The counters of one method."""

    __slots__ = ("buckets", "codes", "in_flight", "method", "seconds")

    def __init__(self, method: Method) -> None:
        self.method = method
        self.in_flight = 0
        self.codes: Counter[str] = Counter()
        self.buckets = [0] * (len(BOUNDS_SECONDS) + 1)
        self.seconds = 0.0

    def ended(self, seconds: float, code: str) -> None:
        """Counts a call that ended."""
        self.in_flight -= 1
        self.codes[code] += 1
        self.buckets[bisect_left(BOUNDS_SECONDS, seconds)] += 1
        self.seconds += seconds


class CallTelemetry:
    """Counts calls. It is a collector of Prometheus."""

    def __init__(self, *, log_calls: bool) -> None:
        self._counters: list[CallCounters] = []
        self._log_calls = log_calls

    def stage(self, method: Method, proceed: Handler) -> Handler:
        """Counts and times the calls of a method."""
        counters = CallCounters(method)
        self._counters.append(counters)
        clock = time.perf_counter

        async def handler(request: Any, call: Call) -> Any:
            started = clock()
            counters.in_flight += 1
            code = "CANCELLED"
            try:
                response = await proceed(request, call)
                code = "OK"
                return response
            except Refusal as refusal:
                code = refusal.code.name
                raise
            except grpc.aio.AbortError:
                code = getattr(call.context.code(), "name", "UNKNOWN")
                raise
            finally:
                seconds = clock() - started
                counters.ended(seconds, code)
                if self._log_calls:
                    _log(call, seconds, code)

        return handler

    def collect(self) -> Iterable[Metric]:
        """Returns the metrics for a scrape."""
        labels = ["grpc_service", "grpc_method"]
        handled = CounterMetricFamily(
            "grpc_server_handled", "Calls that ended, by code.", labels=[*labels, "grpc_code"]
        )
        in_flight = GaugeMetricFamily("grpc_server_in_flight", "Calls under way.", labels=labels)
        seconds = HistogramMetricFamily("grpc_server_handling_seconds", "Duration of calls.", labels=labels)
        for counters in self._counters:
            values = [counters.method.service, counters.method.name]
            in_flight.add_metric(values, counters.in_flight)
            for code, count in counters.codes.items():
                handled.add_metric([*values, code], count)
            if counters.codes:
                seconds.add_metric(values, _cumulative(counters.buckets), counters.seconds)
        return [handled, in_flight, seconds]


def _cumulative(buckets: list[int]) -> list[tuple[str, float]]:
    total = 0
    rows: list[tuple[str, float]] = []
    for bound, count in zip((*map(str, BOUNDS_SECONDS), "+Inf"), buckets, strict=True):
        total += count
        rows.append((bound, total))
    return rows


def _log(call: Call, seconds: float, code: str) -> None:
    log.info(
        "call",
        method=call.method.path,
        code=code,
        milliseconds=round(seconds * 1000, 3),
        request_id=call.request_id,
        workspace=call.workspace,
        actor=call.principal.actor,
    )
