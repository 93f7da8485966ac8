"""Prometheus gauges of live versions and their drift."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client.core import GaugeMetricFamily

from groundswell_server.observability.stored_gauges import StoredGauges
from groundswell_storage.database import Database
from groundswell_storage.learning import live_drift

_LABELS = ("workspace", "model_type")


class ModelGauges(StoredGauges):
    """Gauges of all live versions of all workspaces."""

    def families(self) -> Sequence[GaugeMetricFamily]:
        """Returns the empty metric families: version, drift score and time of the last drift check."""
        return (
            GaugeMetricFamily("groundswell_model_version", "Number of the live version.", labels=_LABELS),
            GaugeMetricFamily(
                "groundswell_model_drift_score",
                "Drift of the live version at its last drift check, 0 to 1.",
                labels=_LABELS,
            ),
            GaugeMetricFamily(
                "groundswell_model_drift_checked_timestamp_seconds",
                "Time of the last drift check of the live version.",
                labels=_LABELS,
            ),
        )

    def read(self, database: Database, families: Sequence[GaugeMetricFamily]) -> None:
        """Fills the families with one statement."""
        versions, scores, ages = families
        for one in live_drift.read(database):
            labels = one.workspace, one.model_type
            versions.add_metric(labels, one.version)
            if one.drift_score is not None and one.checked is not None:
                scores.add_metric(labels, one.drift_score)
                ages.add_metric(labels, one.checked.timestamp())
