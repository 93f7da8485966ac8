"""What Prometheus is told of long work: how much waits and how much is being done."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client.core import GaugeMetricFamily

from groundswell_server.runtime.gauges import StoredGauges
from groundswell_storage.database import Database
from groundswell_storage.jobs import operations


class JobGauges(StoredGauges):
    """The queue of all workspaces together."""

    def families(self) -> Sequence[GaugeMetricFamily]:
        """How many jobs there are of each kind in each state, and since when the oldest one waits."""
        return (
            GaugeMetricFamily(
                "groundswell_jobs", "Jobs that wait (PENDING) or are done now (RUNNING).", labels=("kind", "state")
            ),
            GaugeMetricFamily(
                "groundswell_job_waiting_since_timestamp_seconds",
                "When the job was asked for that waits longest.",
                labels=("kind",),
            ),
        )

    def read(self, database: Database, families: Sequence[GaugeMetricFamily]) -> None:
        """Counts what is not over, which has indexes of its own."""
        counts, oldest = families
        for one in operations.count_unfinished(database):
            counts.add_metric((one.kind, one.state), one.number)
            if one.state == "PENDING":
                oldest.add_metric((one.kind,), one.oldest.timestamp())
