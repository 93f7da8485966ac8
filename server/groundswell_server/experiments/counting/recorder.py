"""The recorder of events for calls, with the experiments and units that this server has in memory."""

from __future__ import annotations

from groundswell_server.experiments.catalog.catalog import Catalog
from groundswell_server.experiments.counting.count_notifier import CountNotifier
from groundswell_server.experiments.counting.events import Events, Outcome
from groundswell_server.experiments.counting.exposures import Exposures
from groundswell_server.experiments.counting.unit_variant_cache import UnitVariantCache
from groundswell_server.runtime.call import Call


class Recorder:
    """Records batches of events; used on the event loop."""

    def __init__(self, catalog: Catalog, exposures: Exposures, notifier: CountNotifier) -> None:
        self._catalog = catalog
        self._exposures = exposures
        self._notifier = notifier
        self._unit_variants = UnitVariantCache()

    async def record(self, call: Call, events: Events) -> Outcome:
        """Records a batch and returns its outcome when it is durable."""
        # NumPy is imported late because a server does not need it to start.
        from groundswell_server.experiments.counting.event_transaction import record_events

        # The exposures of units that were just assigned have to be stored before their events.
        await self._exposures.flush()
        mark = self._catalog.mark()
        known = self._catalog.cached(call.workspace, set(events.experiment_keys))
        recorded = await call.write(record_events, events, known, self._unit_variants)
        changed = [assigner for key, assigner in recorded.assigners.items() if assigner is not known.get(key)]
        self._catalog.remember(call.workspace, changed, mark)
        for unit_variants in recorded.found:
            self._unit_variants.remember(unit_variants)
        self._notifier.note(call.workspace, recorded.changed)
        return recorded.outcome
