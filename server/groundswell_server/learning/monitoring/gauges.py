"""What Prometheus is told of models: which versions are live, and how far each had drifted when it was looked at."""

from __future__ import annotations

from collections.abc import Iterable

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from groundswell_storage.database import Database
from groundswell_storage.learning import live_figures

_LABELS = ("workspace", "model_type")

log = structlog.get_logger(__name__)


class ModelGauges(Collector):
    """Read from the database whenever somebody scrapes, on the thread that serves the scrape."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def describe(self) -> Iterable[Metric]:
        """The metrics without figures: registering them reads nothing."""
        return self._families()

    def collect(self) -> Iterable[Metric]:
        """The figures of now; none while the database can't be reached."""
        versions, scores, ages = families = self._families()
        try:
            self._database.bind()
            for one in live_figures.read(self._database):
                labels = one.workspace, one.model_type
                versions.add_metric(labels, one.version)
                if one.drift_score is not None and one.checked is not None:
                    scores.add_metric(labels, one.drift_score)
                    ages.add_metric(labels, one.checked.timestamp())
        except Exception as error:
            log.warning("figures of models out of reach", error=str(error))
        finally:
            self._database.drop_connection()
        return families

    def _families(self) -> tuple[GaugeMetricFamily, GaugeMetricFamily, GaugeMetricFamily]:
        return (
            GaugeMetricFamily("groundswell_model_version", "Number of the version that is live.", labels=_LABELS),
            GaugeMetricFamily(
                "groundswell_model_drift_score", "Drift of the live version, 0 to 1, at the last look.", labels=_LABELS
            ),
            GaugeMetricFamily(
                "groundswell_model_drift_checked_timestamp_seconds", "When that look was taken.", labels=_LABELS
            ),
        )
