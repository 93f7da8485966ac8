"""Gauges that are read from the database at each scrape."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from groundswell_storage.database import Database

log = structlog.get_logger(__name__)


class StoredGauges(Collector):
    """Base of gauges that are read on the thread of the scrape, which keeps no connection between scrapes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def describe(self) -> Iterable[Metric]:
        """Returns the metrics without values, so that registration reads nothing."""
        return self.families()

    def collect(self) -> Iterable[Metric]:
        """Returns the metrics with their present values, or without values while the database is unreachable."""
        families = self.families()
        try:
            self._database.bind()
            self.read(self._database, families)
        except Exception as error:
            log.warning("metrics cannot be read", metrics=[family.name for family in families], error=str(error))
            return self.families()
        finally:
            self._database.drop_connection()
        return families

    @abstractmethod
    def families(self) -> Sequence[GaugeMetricFamily]:
        """Returns the metrics without values."""

    @abstractmethod
    def read(self, database: Database, families: Sequence[GaugeMetricFamily]) -> None:
        """Adds the present values to the metrics that `families` returned."""
