"""The Prometheus metrics of exposures."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client import Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

_BUCKETS = (1, 4, 16, 64, 256, 1024, 4096, 16384)


class ExposureCollector(Collector):
    """The exposures that wait for their commit and that share one, in this server process."""

    def __init__(self, waiting: Callable[[], int]) -> None:
        self._waiting = waiting
        self._committed = Histogram(
            "groundswell_exposures_committed", "Exposures that shared a commit.", buckets=_BUCKETS, registry=None
        )

    def committed(self, count: int) -> None:
        """Counts a commit of `count` exposures."""
        self._committed.observe(count)

    def collect(self) -> Iterable[Metric]:
        """Returns the current values."""
        waiting = GaugeMetricFamily("groundswell_exposures_waiting", "Exposures that wait for their commit.")
        waiting.add_metric((), self._waiting())
        return [waiting, *self._committed.collect()]
