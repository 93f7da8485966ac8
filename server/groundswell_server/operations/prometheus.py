"""Prometheus metrics of long-running work: the number of jobs that wait or run."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client.core import GaugeMetricFamily

from groundswell_server.observability.stored_gauges import StoredGauges
from groundswell_storage.database import Database
from groundswell_storage.jobs import operations


class JobGauges(StoredGauges):
    """Gauges of the job queue of all workspaces together."""

    def families(self) -> Sequence[GaugeMetricFamily]:
        """Returns the number of jobs by kind and state, and the time since which the oldest one waits."""
        return (
            GaugeMetricFamily(
                "groundswell_jobs", "Jobs that wait (PENDING) or run (RUNNING).", labels=("kind", "state")
            ),
            GaugeMetricFamily(
                "groundswell_job_waiting_since_timestamp_seconds",
                "Creation time of the job that has waited longest.",
                labels=("kind",),
            ),
        )

    def read(self, database: Database, families: Sequence[GaugeMetricFamily]) -> None:
        """Counts the unfinished jobs, for which the table has its own index."""
        counts, oldest = families
        for one in operations.count_unfinished(database):
            counts.add_metric((one.kind, one.state), one.number)
            if one.state == "PENDING":
                oldest.add_metric((one.kind,), one.oldest.timestamp())
