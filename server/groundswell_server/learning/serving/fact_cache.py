"""A cache of the facts that predictions need: contexts, personas and past posts. It follows the event log."""

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
from groundswell_server.learning.features.trailing_record import TrailingRecord
from groundswell_server.learning.serving.rate_history import RateHistory
from groundswell_server.learning.serving.track_record import Record, read_record
from groundswell_storage.engagement import prediction_facts
from groundswell_storage.engagement.prediction_facts import PersonaFacts
from groundswell_storage.events import topics
from groundswell_storage.events.events import Event
from groundswell_storage.scope import Scope

TOPICS = topics.PERSONA_CHANGED, topics.CONTEXT_CHANGED, topics.POST_CHANGED, topics.POST_DELETED
"""Topics of the events that invalidate the cache."""

MAX_CONTEXTS, MAX_PERSONAS, MAX_RECORDS = 50_000, 20_000, 5_000
LARGE_RECORD = 500
"""Number of posts from which a track record is not invalidated at once, but expires within `LARGE_RECORD_SECONDS`."""
LARGE_RECORD_SECONDS = 10.0

ContextKey = tuple[str, str]
"""Workspace and context."""
PersonaKey = tuple[str, str]
"""Workspace and persona."""
RecordKey = tuple[str, str, int]
"""Workspace, persona ("" for all) and platform (0 for any)."""


class Background(NamedTuple):
    """The stored facts about a piece of content."""

    persona_id: str
    """Empty without a persona."""
    stored: StoredContent | None
    """None without a context."""
    persona: PersonaFacts | None
    """None without a persona."""
    trailing: TrailingRecord | None
    """Of the persona on the platform."""
    history: RateHistory | None
    """Past rates of the persona on the platform, or of all personas there when the persona has too few."""


class Findings:
    """Facts that were read from the database for a call, by the keys of the caches."""

    __slots__ = ("contexts", "personas", "records")

    def __init__(self) -> None:
        self.contexts: dict[ContextKey, StoredContent] = {}
        self.personas: dict[PersonaKey, PersonaFacts] = {}
        self.records: dict[RecordKey, Record] = {}


class FactCache:
    """A cache that is used on the event loop; only `read` runs on a database thread."""

    def __init__(self, target_age: timedelta) -> None:
        self._target_age = target_age
        self._contexts: Cache[ContextKey, StoredContent] = Cache(MAX_CONTEXTS)
        self._personas: Cache[PersonaKey, PersonaFacts] = Cache(MAX_PERSONAS)
        self._records: Cache[RecordKey, Record] = Cache(MAX_RECORDS)

    def find(self, workspace: str, query: ContentQuery) -> Background | None:
        """Returns the facts for a query from the cache; None when one is missing."""
        stored = persona = None
        if query.context_id:
            stored = self._contexts.get((workspace, query.context_id))
            if stored is None:
                return None
        persona_id, platform = persona_and_platform(query.draft, stored)
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

    def read(self, scope: Scope, queries: Iterable[ContentQuery]) -> tuple[list[Background], Findings]:
        """Returns the facts for queries, and those that had to be read from the database. Raises NotFound.

        The caller passes the latter to `store` on the event loop.
        """
        found = Findings()
        return [self._background(scope, query, found) for query in queries], found

    def mark(self) -> tuple[int, int, int]:
        """Returns the moment at which a read begins."""
        return self._contexts.mark(), self._personas.mark(), self._records.mark()

    def store(self, found: Findings, mark: tuple[int, int, int]) -> None:
        """Caches facts, except those that have changed since the read began."""
        for context_key, stored in found.contexts.items():
            self._contexts.store(context_key, stored, mark[0])
        for persona_key, persona in found.personas.items():
            self._personas.store(persona_key, persona, mark[1])
        for record_key, record in found.records.items():
            self._records.store(record_key, record, mark[2])

    def on_event(self, event: Event) -> None:
        """Removes the facts that an event of `TOPICS` invalidates."""
        workspace, payload = event.workspace, event.payload
        match event.topic:
            case topics.PERSONA_CHANGED:
                self._personas.forget((workspace, event.subject_id))
            case topics.CONTEXT_CHANGED:
                self._contexts.forget((workspace, event.subject_id))
            case _:
                if context_id := payload.get("context_id"):
                    self._contexts.forget((workspace, context_id))
                # A persona whose handles have no follower count gets the count of its newest post.
                self._personas.forget((workspace, payload["persona_id"]))
                for persona_id in ("", payload["persona_id"]):
                    for platform in (0, payload["platform"]):
                        self._forget_record((workspace, persona_id, platform))

    def clear(self) -> None:
        """Removes all facts, because events may have been missed."""
        self._contexts.clear()
        self._personas.clear()
        self._records.clear()

    def _background(self, scope: Scope, query: ContentQuery, found: Findings) -> Background:
        stored = self._find_context(scope, query.context_id, found) if query.context_id else None
        persona_id, platform = persona_and_platform(query.draft, stored)
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
        if known is not None and known.posts >= LARGE_RECORD:
            self._records.forget_within(key, LARGE_RECORD_SECONDS)
        else:
            self._records.forget(key)
