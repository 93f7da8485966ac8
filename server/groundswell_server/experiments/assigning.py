"""Assigning units for whoever asks, with what this server remembers of experiments and of who takes part in them."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from groundswell_server.experiments.assignment import Answer, Assigner
from groundswell_server.experiments.catalog import Catalog
from groundswell_server.experiments.choosing import Choices
from groundswell_server.experiments.exposures import Exposures
from groundswell_server.experiments.news import News
from groundswell_server.experiments.sticking import Attributes
from groundswell_server.runtime.call import Call


class Asked(NamedTuple):
    """A unit that is to be assigned."""

    experiment_key: str
    unit: str
    attributes: Callable[[Assigner], Attributes]
    """Reads what is known of the unit; nothing where the experiment asks for nothing."""


class Assigned(NamedTuple):
    """What a unit gets."""

    assigner: Assigner
    unit: str
    answer: Answer


class Assignments:
    """Used on the event loop."""

    def __init__(self, catalog: Catalog, choices: Choices, exposures: Exposures, news: News) -> None:
        self._catalog = catalog
        self._choices = choices
        self._exposures = exposures
        self._news = news

    async def peek(self, call: Call, asked: Asked) -> Assigned:
        """What a unit gets; nobody is enrolled."""
        assigner = await self._catalog.find(call.workspace, asked.experiment_key, call.read)
        stands = await self._catalog.stands(assigner, asked.unit, call.read) if assigner.looks_up else None
        return Assigned(assigner, asked.unit, assigner.assign(asked.unit, asked.attributes(assigner), stands))

    async def assign(self, call: Call, asked: Asked) -> Assigned:
        """What a unit gets; from now on it takes part."""
        found = await self.peek(call, asked)
        if found.answer.is_tentative:
            found = await self._choose(call, asked, found)
        self._enrol(call, found)
        return found

    async def assign_all(self, call: Call, asked: Sequence[Asked]) -> list[Assigned]:
        """What units get, in their order; from now on they take part."""
        found = await self._peek_all(call, asked)
        tentative = [place for place, one in enumerate(found) if one.answer.is_tentative]
        chosen = await asyncio.gather(*(self._choose(call, asked[place], found[place]) for place in tentative))
        for place, one in zip(tentative, chosen, strict=True):
            found[place] = one
        for assigned in found:
            self._enrol(call, assigned)
        return found

    async def _peek_all(self, call: Call, asked: Sequence[Asked]) -> list[Assigned]:
        """What units get, looked up together where they have to be."""
        units: dict[str, set[str]] = defaultdict(set)
        for one in asked:
            units[one.experiment_key].add(one.unit)
        known: dict[str, tuple[Assigner, Mapping[str, Answer]]] = {}
        for key, mine in units.items():
            assigner = await self._catalog.find(call.workspace, key, call.read)
            stands = await self._catalog.all_stand(assigner, mine, call.read) if assigner.looks_up else {}
            known[key] = assigner, stands
        found = []
        for one in asked:
            assigner, stands = known[one.experiment_key]
            answer = assigner.assign(one.unit, one.attributes(assigner), stands.get(one.unit))
            found.append(Assigned(assigner, one.unit, answer))
        return found

    async def _choose(self, call: Call, asked: Asked, found: Assigned) -> Assigned:
        """Has a bandit choose for a unit; the choice is stored."""
        assigner = found.assigner
        answer = await self._choices.choose(call.workspace, assigner.key, found.unit, asked.attributes(assigner))
        self._news.note(call.workspace, [assigner.key])
        return found._replace(answer=answer)

    def _enrol(self, call: Call, found: Assigned) -> None:
        assigner, unit, answer = found
        if answer.is_enrolled:
            if assigner.batch is None and self._exposures.note(call.workspace, assigner, unit, answer.variant):
                self._news.note(call.workspace, [assigner.key])
            self._catalog.enrolled(assigner, unit, answer)
