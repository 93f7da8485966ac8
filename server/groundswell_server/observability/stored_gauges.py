"""Gauges of what is stored: read from the database whenever somebody scrapes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from groundswell_storage.database import Database

log = structlog.get_logger(__name__)


class StoredGauges(Collector):
    """Read on the thread that serves the scrape, which keeps no connection in between."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def describe(self) -> Iterable[Metric]:
        """The metrics without figures: registering them reads nothing."""
        return self.families()

    def collect(self) -> Iterable[Metric]:
        """The figures of now; none while the database can't be reached."""
        families = self.families()
        try:
            self._database.bind()
            self.read(self._database, families)
        except Exception as error:
            log.warning("figures out of reach", metrics=[family.name for family in families], error=str(error))
            return self.families()
        finally:
            self._database.drop_connection()
        return families

    @abstractmethod
    def families(self) -> Sequence[GaugeMetricFamily]:
        """The metrics, without figures."""

    @abstractmethod
    def read(self, database: Database, families: Sequence[GaugeMetricFamily]) -> None:
        """Adds the figures of now to the families, which are those of `families`."""
