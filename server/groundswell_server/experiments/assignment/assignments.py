"""The assignment of units for calls, from the catalog in memory, with enrolment behind or before the answer."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from groundswell_server.experiments.assignment.bandit_choices import Attributes, BanditChoices
from groundswell_server.experiments.catalog.assigner import Assigner, Assignment
from groundswell_server.experiments.catalog.catalog import Catalog
from groundswell_server.experiments.counting.count_notifier import CountNotifier
from groundswell_server.experiments.counting.durable_exposures import DurableExposures, ExposureKey
from groundswell_server.experiments.counting.exposures import Exposures
from groundswell_server.runtime.call import Call


class AssignmentRequest(NamedTuple):
    """A unit to assign in an experiment."""

    experiment_key: str
    unit: str
    attributes: Callable[[Assigner], Attributes]
    """Reads the attributes of the unit; returns nothing for an experiment without targeting."""


class AssignedUnit(NamedTuple):
    """A unit with its assignment."""

    assigner: Assigner
    unit: str
    assignment: Assignment


class Assignments:
    """Assigns units; used on the event loop."""

    def __init__(self, catalog: Catalog, choices: BanditChoices, exposures: Exposures, notifier: CountNotifier) -> None:
        self._catalog = catalog
        self._choices = choices
        self._exposures = exposures
        self._durable = DurableExposures(exposures.flush, exposures.forget)
        self._notifier = notifier

    async def evaluate(self, call: Call, request: AssignmentRequest) -> AssignedUnit:
        """Returns the assignment of a unit without enrolling the unit."""
        assigner = await self._catalog.find(call.workspace, request.experiment_key, call.read)
        enrolment = await self._catalog.find_enrolment(assigner, request.unit, call.read) if assigner.looks_up else None
        assignment = assigner.assign(request.unit, request.attributes(assigner), enrolment)
        return AssignedUnit(assigner, request.unit, assignment)

    async def assign(self, call: Call, request: AssignmentRequest) -> AssignedUnit:
        """Returns the assignment of a unit and enrols the unit."""
        found = await self.evaluate(call, request)
        if found.assignment.is_tentative:
            found = await self._choose(call, request, found)
        await self._enrol(call, [found])
        return found

    async def assign_all(self, call: Call, requests: Sequence[AssignmentRequest]) -> list[AssignedUnit]:
        """Returns the assignments of units, in their order, and enrols the units."""
        found = await self._evaluate_all(call, requests)
        tentative = [position for position, one in enumerate(found) if one.assignment.is_tentative]
        chosen = await asyncio.gather(*(self._choose(call, requests[at], found[at]) for at in tentative))
        for position, one in zip(tentative, chosen, strict=True):
            found[position] = one
        await self._enrol(call, found)
        return found

    async def _evaluate_all(self, call: Call, requests: Sequence[AssignmentRequest]) -> list[AssignedUnit]:
        """Returns the assignments of units; the enrolments in one experiment are looked up together."""
        units: dict[str, set[str]] = defaultdict(set)
        for request in requests:
            units[request.experiment_key].add(request.unit)
        known: dict[str, tuple[Assigner, Mapping[str, Assignment]]] = {}
        for key, mine in units.items():
            assigner = await self._catalog.find(call.workspace, key, call.read)
            enrolments = await self._catalog.find_enrolments(assigner, mine, call.read) if assigner.looks_up else {}
            known[key] = assigner, enrolments
        found = []
        for request in requests:
            assigner, enrolments = known[request.experiment_key]
            assignment = assigner.assign(request.unit, request.attributes(assigner), enrolments.get(request.unit))
            found.append(AssignedUnit(assigner, request.unit, assignment))
        return found

    async def _choose(self, call: Call, request: AssignmentRequest, found: AssignedUnit) -> AssignedUnit:
        """Returns the stored choice of a bandit in place of the tentative one."""
        assigner = found.assigner
        attributes = request.attributes(assigner)
        assignment = await self._choices.choose(call.workspace, assigner.key, found.unit, attributes)
        self._notifier.note(call.workspace, [assigner.key])
        return found._replace(assignment=assignment)

    async def _enrol(self, call: Call, found: Collection[AssignedUnit]) -> None:
        """Enrols the units that take part; the exposures of targeted experiments are durable when this returns."""
        targeted: set[ExposureKey] = set()
        for assigner, unit, assignment in found:
            if not assignment.is_enrolled:
                continue
            # The choice of a bandit is already stored.
            if assigner.batch is not None:
                self._catalog.remember_enrolment(assigner, unit, assignment)
                continue
            is_new = self._exposures.note(call.workspace, assigner, unit, assignment.variant)
            if is_new:
                # Should the split change before the exposure is written, the enrolment is looked up here.
                self._catalog.remember_enrolment(assigner, unit, assignment)
                self._notifier.note(call.workspace, [assigner.key])
            if not assigner.is_computed:
                exposure = assigner.number, assigner.bucket_version, unit
                targeted.add(exposure)
                if is_new:
                    self._durable.begin(exposure)
        await self._durable.wait(targeted)
