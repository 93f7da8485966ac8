"""The Prometheus registry of a server process, and the port on which it is scraped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server
from prometheus_client.registry import Collector


class Metrics:
    """All metrics of one server, in a registry of its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._batch_size = Histogram(
            "groundswell_database_batch_size",
            "Calls in one batch on the database thread; for writes, in one commit.",
            ["kind"],
            buckets=(1, 2, 4, 8, 16, 32, 64),
            registry=self._registry,
        )
        self._batch_seconds = Histogram(
            "groundswell_database_batch_seconds", "Duration of a batch.", ["kind"], registry=self._registry
        )
        self._bound: dict[str, tuple[Any, Any]] = {
            kind: (self._batch_size.labels(kind), self._batch_seconds.labels(kind)) for kind in ("read", "write")
        }
        self._failures = Counter(
            "groundswell_background_failures",
            "Failures of background tasks, which were restarted.",
            ["work"],
            registry=self._registry,
        )
        self._server: Any = None

    def register(self, collector: Collector) -> None:
        """Adds the collector of another part of the server."""
        self._registry.register(collector)

    def observe_batch(self, kind: Literal["read", "write"], size: int, seconds: float) -> None:
        """Records one batch on the database thread."""
        sizes, times = self._bound[kind]
        sizes.observe(size)
        times.observe(seconds)

    def count_failure(self, work: str) -> None:
        """Counts one failure of a background task."""
        self._failures.labels(work).inc()

    def watch_backlog(self, backlog: Callable[[], int]) -> None:
        """Reports the work that waits for the database at each scrape."""
        gauge = Gauge("groundswell_database_backlog", "Work that waits for the database.", registry=self._registry)
        gauge.set_function(backlog)

    def serve(self, host: str, port: int) -> None:
        """Opens the port, unless it is 0."""
        if port:
            self._server, _ = start_http_server(port, addr=host, registry=self._registry)

    def close(self) -> None:
        """Closes the port."""
        if self._server is not None:
            self._server.shutdown()
