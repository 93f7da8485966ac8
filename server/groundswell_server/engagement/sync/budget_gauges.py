"""Prometheus gauges of the platforms' call budgets: the calls that each workspace has left."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client.core import GaugeMetricFamily

from groundswell_server.observability.stored_gauges import StoredGauges
from groundswell_server.settings import Settings
from groundswell_storage.database import Database
from groundswell_storage.engagement import call_budgets


class BudgetGauges(StoredGauges):
    """Gauges of the workspaces that have called a platform."""

    def __init__(self, database: Database, settings: Settings) -> None:
        super().__init__(database)
        self._settings = settings

    def families(self) -> Sequence[GaugeMetricFamily]:
        """Returns the gauges of the calls left and of the end of a requested pause."""
        labels = ("workspace", "limit")
        return (
            GaugeMetricFamily("groundswell_platform_calls_left", "Calls that can be made at once.", labels=labels),
            GaugeMetricFamily(
                "groundswell_platform_closed_until_timestamp_seconds",
                "Time until which calls to a platform are paused at its request.",
                labels=labels,
            ),
        )

    def read(self, database: Database, families: Sequence[GaugeMetricFamily]) -> None:
        """Reads the current state of the buckets."""
        from groundswell_server.engagement.platforms import limits

        left, closed = families
        known = {limit.name: limit for limit in limits(self._settings)}
        now = database.now()
        for one in call_budgets.read_all(database):
            limit = known.get(one.name)
            if limit is None:
                continue
            labels = (one.workspace, one.name)
            left.add_metric(labels, one.left(now, interval=limit.interval, depth=limit.depth))
            if one.closed_until > now:
                closed.add_metric(labels, one.closed_until.timestamp())
