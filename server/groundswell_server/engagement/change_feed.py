"""The change feed of posts and contexts: events of the log with the present state of their subjects."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from groundswell_server.engagement.contexts.contexts import Context, context_of
from groundswell_server.engagement.posts.posts import Post, post_of
from groundswell_server.engagement.virality import alert_events as virality
from groundswell_server.engagement.virality.alert_events import ViralityAlert
from groundswell_server.runtime.call import Call
from groundswell_storage.engagement.contexts import ContextRow
from groundswell_storage.engagement.posts import PostRow
from groundswell_storage.events import topics
from groundswell_storage.events.events import Event
from groundswell_storage.events.feed import Batch
from groundswell_storage.scope import Scope

TOPICS = (
    topics.POST_CHANGED,
    topics.POST_DELETED,
    topics.CONTEXT_CHANGED,
    topics.INTERACTIONS_JUDGED,
    topics.VIRALITY_ALERT,
)


@dataclass(frozen=True, slots=True)
class InteractionsJudged:
    """The verdicts of a recorded batch."""

    post_id: str
    genuine_count: int
    bot_count: int
    persona_count: int


@dataclass(frozen=True, slots=True)
class PostDeleted:
    """The deletion of a post."""

    post_id: str


Subject = Post | Context | InteractionsJudged | PostDeleted | ViralityAlert


@dataclass(frozen=True, slots=True)
class Change:
    """One change, or a bookmark, which has a cursor only."""

    cursor: str
    """Cursor after this change."""
    event_time: datetime | None = None
    subject: Subject | None = None


@dataclass(frozen=True, slots=True)
class ChangeFilter:
    """Selects changes by persona and post; empty sets select all."""

    persona_ids: frozenset[str] = frozenset()
    post_ids: frozenset[str] = frozenset()
    """Selects a change of a context when metrics of one of these posts caused it."""

    def matches(self, event: Event) -> bool:
        """Returns True when the filter selects an event."""
        post_id = event.payload.get("post_id", "") if event.topic == topics.CONTEXT_CHANGED else event.subject_id
        by_persona = not self.persona_ids or event.payload.get("persona_id") in self.persona_ids
        return by_persona and (not self.post_ids or post_id in self.post_ids)


async def changes_of(call: Call, batches: AsyncIterable[Batch], selected: ChangeFilter) -> AsyncIterator[Change]:
    """Yields the selected changes of the batches, and a bookmark for each batch without events."""
    async for batch in batches:
        events = [event for event in batch.events if selected.matches(event)]
        for change in await call.read(read_changes, events) if events else ():
            yield change
        if not batch.events:
            yield Change(batch.cursor)


def read_changes(scope: Scope, events: Sequence[Event]) -> list[Change]:
    """Returns the changes of events with the present state of their subjects.

    A subject that no longer exists is left out, because its deletion has an event of its own.
    """
    post_ids = {event.subject_id for event in events if event.topic == topics.POST_CHANGED}
    context_ids = {event.subject_id for event in events if event.topic == topics.CONTEXT_CHANGED}
    found_posts = {id: post_of(row) for id, row in scope.find_many(PostRow, post_ids).items()}
    found_contexts = {id: context_of(row) for id, row in scope.find_many(ContextRow, context_ids).items()}
    subjects = ((event, _subject(event, found_posts, found_contexts)) for event in events)
    return [Change(event.cursor, event.time, subject) for event, subject in subjects if subject is not None]


def _subject(event: Event, found_posts: dict[str, Post], found_contexts: dict[str, Context]) -> Subject | None:
    match event.topic:
        case topics.POST_CHANGED:
            return found_posts.get(event.subject_id)
        case topics.CONTEXT_CHANGED:
            return found_contexts.get(event.subject_id)
        case topics.POST_DELETED:
            return PostDeleted(event.subject_id)
        case topics.VIRALITY_ALERT:
            return virality.alert_from_json(event.subject_id, event.payload)
        case _:
            payload = event.payload
            return InteractionsJudged(event.subject_id, payload["genuine"], payload["bots"], payload["personas"])
