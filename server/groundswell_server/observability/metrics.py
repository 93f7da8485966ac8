"""The Prometheus registry of a server process and the port it is scraped from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server
from prometheus_client.registry import Collector


class Metrics:
    """All metrics of this process; one registry each, so that several can live in one test."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._batch_size = Histogram(
            "groundswell_database_batch_size",
            "Calls that shared one trip to the database; for writes, one commit.",
            ["kind"],
            buckets=(1, 2, 4, 8, 16, 32, 64),
            registry=self._registry,
        )
        self._batch_seconds = Histogram(
            "groundswell_database_batch_seconds", "How long such a trip took.", ["kind"], registry=self._registry
        )
        self._bound: dict[str, tuple[Any, Any]] = {
            kind: (self._batch_size.labels(kind), self._batch_seconds.labels(kind)) for kind in ("read", "write")
        }
        self._failures = Counter(
            "groundswell_background_failures",
            "How often work behind the calls failed and began again.",
            ["work"],
            registry=self._registry,
        )
        self._server: Any = None

    def register(self, collector: Collector) -> None:
        """Adds what another part of the server counts."""
        self._registry.register(collector)

    def observe_batch(self, kind: Literal["read", "write"], size: int, seconds: float) -> None:
        """Counts one trip to the database."""
        sizes, times = self._bound[kind]
        sizes.observe(size)
        times.observe(seconds)

    def count_failure(self, work: str) -> None:
        """Counts one failure of work in the background."""
        self._failures.labels(work).inc()

    def watch_backlog(self, backlog: Callable[[], int]) -> None:
        """Reports the work that waits for the database whenever somebody scrapes."""
        gauge = Gauge("groundswell_database_backlog", "Work that waits for the database.", registry=self._registry)
        gauge.set_function(backlog)

    def serve(self, host: str, port: int) -> None:
        """Opens the port; 0 opens none."""
        if port:
            self._server, _ = start_http_server(port, addr=host, registry=self._registry)

    def close(self) -> None:
        """Closes the port."""
        if self._server is not None:
            self._server.shutdown()
