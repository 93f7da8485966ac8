"""Recording events for whoever sends them, with what this server remembers of experiments and their units."""

from __future__ import annotations

from groundswell_server.experiments.catalog.catalog import Catalog
from groundswell_server.experiments.counting.count_notifier import CountNotifier
from groundswell_server.experiments.counting.events import Events
from groundswell_server.experiments.counting.exposures import Exposures
from groundswell_server.experiments.counting.outcomes import Outcome
from groundswell_server.experiments.counting.unit_variant_cache import UnitVariantCache
from groundswell_server.runtime.call import Call


class Recorder:
    """Used on the event loop."""

    def __init__(self, catalog: Catalog, exposures: Exposures, notices: CountNotifier) -> None:
        self._catalog = catalog
        self._exposures = exposures
        self._notices = notices
        self._rosters = UnitVariantCache()

    async def record(self, call: Call, events: Events) -> Outcome:
        """Records a batch; returns when it is durable."""
        # NumPy comes with it, which no server needs to start.
        from groundswell_server.experiments.counting.event_transaction import record_events

        # A unit that was assigned a moment ago has to be known for what it is.
        await self._exposures.flush()
        mark = self._catalog.mark()
        known = self._catalog.known_of(call.workspace, set(events.experiment_keys))
        recorded = await call.write(record_events, events, known, self._rosters)
        read_anew = [assigner for key, assigner in recorded.assigners.items() if assigner is not known.get(key)]
        self._catalog.learn(call.workspace, read_anew, mark)
        for roster in recorded.found:
            self._rosters.learn(roster)
        self._notices.note(call.workspace, recorded.changed)
        return recorded.outcome
