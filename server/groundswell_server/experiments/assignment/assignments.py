"""Assigning units for whoever asks, with what this server remembers of experiments and of who takes part in them."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from groundswell_server.experiments.assignment.bandit_choices import BanditChoices
from groundswell_server.experiments.assignment.sticky_choices import Attributes
from groundswell_server.experiments.catalog.assigner import Assigner, Assignment
from groundswell_server.experiments.catalog.catalog import Catalog
from groundswell_server.experiments.counting.count_notifier import CountNotifier
from groundswell_server.experiments.counting.durable_exposures import DurableExposures, Exposed
from groundswell_server.experiments.counting.exposures import Exposures
from groundswell_server.runtime.call import Call


class AssignmentRequest(NamedTuple):
    """A unit that is to be assigned."""

    experiment_key: str
    unit: str
    attributes: Callable[[Assigner], Attributes]
    """Reads what is known of the unit; nothing where the experiment asks for nothing."""


class AssignedUnit(NamedTuple):
    """What a unit gets."""

    assigner: Assigner
    unit: str
    answer: Assignment


class Assignments:
    """Used on the event loop."""

    def __init__(self, catalog: Catalog, choices: BanditChoices, exposures: Exposures, notices: CountNotifier) -> None:
        self._catalog = catalog
        self._choices = choices
        self._exposures = exposures
        self._settling = DurableExposures(exposures.flush, exposures.forget)
        self._notices = notices

    async def peek(self, call: Call, asked: AssignmentRequest) -> AssignedUnit:
        """What a unit gets; nobody is enrolled."""
        assigner = await self._catalog.find(call.workspace, asked.experiment_key, call.read)
        stands = await self._catalog.stands(assigner, asked.unit, call.read) if assigner.looks_up else None
        return AssignedUnit(assigner, asked.unit, assigner.assign(asked.unit, asked.attributes(assigner), stands))

    async def assign(self, call: Call, asked: AssignmentRequest) -> AssignedUnit:
        """What a unit gets; from now on it takes part."""
        found = await self.peek(call, asked)
        if found.answer.is_tentative:
            found = await self._choose(call, asked, found)
        await self._enrol(call, [found])
        return found

    async def assign_all(self, call: Call, asked: Sequence[AssignmentRequest]) -> list[AssignedUnit]:
        """What units get, in their order; from now on they take part."""
        found = await self._peek_all(call, asked)
        tentative = [position for position, one in enumerate(found) if one.answer.is_tentative]
        chosen = await asyncio.gather(*(self._choose(call, asked[at], found[at]) for at in tentative))
        for position, one in zip(tentative, chosen, strict=True):
            found[position] = one
        await self._enrol(call, found)
        return found

    async def _peek_all(self, call: Call, asked: Sequence[AssignmentRequest]) -> list[AssignedUnit]:
        """What units get, looked up together where they have to be."""
        units: dict[str, set[str]] = defaultdict(set)
        for one in asked:
            units[one.experiment_key].add(one.unit)
        known: dict[str, tuple[Assigner, Mapping[str, Assignment]]] = {}
        for key, mine in units.items():
            assigner = await self._catalog.find(call.workspace, key, call.read)
            stands = await self._catalog.find_enrolments(assigner, mine, call.read) if assigner.looks_up else {}
            known[key] = assigner, stands
        found = []
        for one in asked:
            assigner, stands = known[one.experiment_key]
            answer = assigner.assign(one.unit, one.attributes(assigner), stands.get(one.unit))
            found.append(AssignedUnit(assigner, one.unit, answer))
        return found

    async def _choose(self, call: Call, asked: AssignmentRequest, found: AssignedUnit) -> AssignedUnit:
        """Has a bandit choose for a unit; the choice is stored."""
        assigner = found.assigner
        answer = await self._choices.choose(call.workspace, assigner.key, found.unit, asked.attributes(assigner))
        self._notices.note(call.workspace, [assigner.key])
        return found._replace(answer=answer)

    async def _enrol(self, call: Call, found: Collection[AssignedUnit]) -> None:
        """Those of them that are to take part do so from now on; the targeted ones are stored when this returns."""
        targeted: set[Exposed] = set()
        for assigner, unit, answer in found:
            if not answer.is_enrolled:
                continue
            # What a bandit chose is stored.
            if assigner.batch is not None:
                self._catalog.enrolled(assigner, unit, answer)
                continue
            is_new = self._exposures.note(call.workspace, assigner, unit, answer.variant)
            if is_new:
                # Should the split change before the exposure is written, it is looked up.
                self._catalog.enrolled(assigner, unit, answer)
                self._notices.note(call.workspace, [assigner.key])
            if not assigner.is_computed:
                exposed = assigner.number, assigner.bucket_version, unit
                targeted.add(exposed)
                if is_new:
                    self._settling.begin(exposed)
        await self._settling.wait(targeted)
