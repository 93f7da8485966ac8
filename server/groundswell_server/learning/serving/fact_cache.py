"""What a server remembers of the database for predictions: contexts, personas, past posts. It follows the event log."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import NamedTuple

from groundswell_server.caching.cache import Cache
from groundswell_server.learning.features.content import (
    ContentQuery,
    StoredContent,
    persona_and_platform,
    stored_content,
)
from groundswell_server.learning.features.trailing import TrailingRecord
from groundswell_server.learning.scoring.scorer import RateHistory
from groundswell_server.learning.serving.track_record import Record, read_record
from groundswell_storage import topics
from groundswell_storage.engagement import prediction_facts
from groundswell_storage.engagement.prediction_facts import PersonaFacts
from groundswell_storage.events import Event
from groundswell_storage.scope import Scope

TOPICS = topics.PERSONA_CHANGED, topics.CONTEXT_CHANGED, topics.POST_CHANGED, topics.POST_DELETED
"""Events that memory follows."""

MOST_CONTEXTS, MOST_PERSONAS, MOST_RECORDS = 50_000, 20_000, 5_000
DEAR_POSTS = 500
"""A record of so many posts is not read again for each change of one of them, but within `DEAR_SECONDS`."""
DEAR_SECONDS = 10.0

ContextKey = tuple[str, str]
"""Workspace and context."""
PersonaKey = tuple[str, str]
"""Workspace and persona."""
RecordKey = tuple[str, str, int]
"""Workspace, persona ("" for everybody) and platform (0 for any)."""


class Background(NamedTuple):
    """What is known of a piece of content beside what its caller says."""

    persona_id: str
    """Empty without a persona."""
    stored: StoredContent | None
    """None without a context."""
    persona: PersonaFacts | None
    """None without a persona."""
    trailing: TrailingRecord | None
    """Of the persona on the platform."""
    history: RateHistory | None
    """Past rates of the persona on the platform, or of everybody there when its own are too few to compare with."""


class Findings:
    """What was read from the database for a call, by the keys of the caches."""

    __slots__ = ("contexts", "personas", "records")

    def __init__(self) -> None:
        self.contexts: dict[ContextKey, StoredContent] = {}
        self.personas: dict[PersonaKey, PersonaFacts] = {}
        self.records: dict[RecordKey, Record] = {}


class Memory:
    """Used on the event loop, but for `look_up`."""

    def __init__(self, target_age: timedelta) -> None:
        self._target_age = target_age
        self._contexts: Cache[ContextKey, StoredContent] = Cache(MOST_CONTEXTS)
        self._personas: Cache[PersonaKey, PersonaFacts] = Cache(MOST_PERSONAS)
        self._records: Cache[RecordKey, Record] = Cache(MOST_RECORDS)

    def recall(self, workspace: str, source: ContentQuery) -> Background | None:
        """What is known for a question from memory alone; None when something is missing."""
        stored = persona = None
        if source.context_id:
            stored = self._contexts.get((workspace, source.context_id))
            if stored is None:
                return None
        persona_id, platform = persona_and_platform(source.draft, stored)
        if persona_id:
            persona = self._personas.get((workspace, persona_id))
            if persona is None:
                return None
        own = self._records.get((workspace, persona_id, platform))
        if own is None:
            return None
        if own.history is not None or not persona_id:
            return Background(persona_id, stored, persona, own.trailing, own.history)
        common = self._records.get((workspace, "", platform))
        if common is None:
            return None
        return Background(persona_id, stored, persona, own.trailing, common.history)

    def look_up(self, scope: Scope, sources: Iterable[ContentQuery]) -> tuple[list[Background], Findings]:
        """What is known for some questions; what memory lacks is read, on a database thread. Raises NotFound.

        What was read is for `keep`, back on the event loop.
        """
        found = Findings()
        return [self._background(scope, source, found) for source in sources], found

    def mark(self) -> tuple[int, int, int]:
        """The moment at which a look-up begins."""
        return self._contexts.mark(), self._personas.mark(), self._records.mark()

    def keep(self, found: Findings, mark: tuple[int, int, int]) -> None:
        """Remembers what was found, but for what has changed since the look-up began."""
        for context_key, stored in found.contexts.items():
            self._contexts.store(context_key, stored, mark[0])
        for persona_key, persona in found.personas.items():
            self._personas.store(persona_key, persona, mark[1])
        for record_key, record in found.records.items():
            self._records.store(record_key, record, mark[2])

    def heed(self, event: Event) -> None:
        """Forgets what an event of `TOPICS` made untrue."""
        workspace, payload = event.workspace, event.payload
        match event.topic:
            case topics.PERSONA_CHANGED:
                self._personas.forget((workspace, event.subject_id))
            case topics.CONTEXT_CHANGED:
                self._contexts.forget((workspace, event.subject_id))
            case _:
                if context_id := payload.get("context_id"):
                    self._contexts.forget((workspace, context_id))
                # Where its handles tell of no followers, those of a persona are its newest post's.
                self._personas.forget((workspace, payload["persona_id"]))
                for persona_id in ("", payload["persona_id"]):
                    for platform in (0, payload["platform"]):
                        self._forget_record((workspace, persona_id, platform))

    def clear(self) -> None:
        """Forgets everything: news may have been missed."""
        self._contexts.clear()
        self._personas.clear()
        self._records.clear()

    def _background(self, scope: Scope, source: ContentQuery, found: Findings) -> Background:
        stored = self._find_context(scope, source.context_id, found) if source.context_id else None
        persona_id, platform = persona_and_platform(source.draft, stored)
        persona = self._find_persona(scope, persona_id, found) if persona_id else None
        own = self._find_record(scope, persona_id, platform, found)
        history = own.history
        if history is None and persona_id:
            history = self._find_record(scope, "", platform, found).history
        return Background(persona_id, stored, persona, own.trailing, history)

    def _find_context(self, scope: Scope, context_id: str, found: Findings) -> StoredContent:
        key = scope.workspace, context_id
        stored = self._contexts.get(key) or found.contexts.get(key)
        if stored is None:
            stored = found.contexts[key] = stored_content(prediction_facts.context_facts(scope, context_id))
        return stored

    def _find_persona(self, scope: Scope, persona_id: str, found: Findings) -> PersonaFacts:
        key = scope.workspace, persona_id
        persona = self._personas.get(key) or found.personas.get(key)
        if persona is None:
            persona = found.personas[key] = prediction_facts.persona_facts(scope, persona_id)
        return persona

    def _find_record(self, scope: Scope, persona_id: str, platform: int, found: Findings) -> Record:
        key = scope.workspace, persona_id, platform
        record = self._records.get(key) or found.records.get(key)
        if record is None:
            record = found.records[key] = read_record(scope, persona_id, platform, self._target_age)
        return record

    def _forget_record(self, key: RecordKey) -> None:
        known = self._records.get(key)
        if known is not None and known.posts >= DEAR_POSTS:
            self._records.forget_within(key, DEAR_SECONDS)
        else:
            self._records.forget(key)
