"""What Prometheus is told of models: which versions are live, and how far each had drifted when it was looked at."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client.core import GaugeMetricFamily

from groundswell_server.runtime.gauges import StoredGauges
from groundswell_storage.database import Database
from groundswell_storage.learning import live_figures

_LABELS = ("workspace", "model_type")


class ModelGauges(StoredGauges):
    """Of all live versions of all workspaces."""

    def families(self) -> Sequence[GaugeMetricFamily]:
        """Version, drift and the time of the look at it."""
        return (
            GaugeMetricFamily("groundswell_model_version", "Number of the version that is live.", labels=_LABELS),
            GaugeMetricFamily(
                "groundswell_model_drift_score", "Drift of the live version, 0 to 1, at the last look.", labels=_LABELS
            ),
            GaugeMetricFamily(
                "groundswell_model_drift_checked_timestamp_seconds", "When that look was taken.", labels=_LABELS
            ),
        )

    def read(self, database: Database, families: Sequence[GaugeMetricFamily]) -> None:
        """One statement."""
        versions, scores, ages = families
        for one in live_figures.read(database):
            labels = one.workspace, one.model_type
            versions.add_metric(labels, one.version)
            if one.drift_score is not None and one.checked is not None:
                scores.add_metric(labels, one.drift_score)
                ages.add_metric(labels, one.checked.timestamp())
