"""The change feed of posts and contexts: events of the log with the present state of their subjects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from groundswell_server.engagement.contexts.contexts import Context, context_of
from groundswell_server.engagement.posts.posts import Post, post_of
from groundswell_server.engagement.virality import alert_events as virality
from groundswell_server.engagement.virality.alert_events import ViralityAlert
from groundswell_storage.engagement.contexts import ContextRow
from groundswell_storage.engagement.posts import PostRow
from groundswell_storage.events import topics
from groundswell_storage.events.events import Event
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


@dataclass(frozen=True, slots=True)
class Change:
    """One change."""

    cursor: str
    """Cursor after this change."""
    event_time: datetime
    what: Post | Context | InteractionsJudged | PostDeleted | ViralityAlert


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


def read_changes(scope: Scope, events: Iterable[Event]) -> list[Change]:
    """Returns the changes of events with the present state of their subjects.

    A subject that no longer exists is left out, because its deletion has an event of its own.
    """
    told = list(events)
    found_posts = scope.find_many(PostRow, {event.subject_id for event in told if event.topic == topics.POST_CHANGED})
    found_contexts = scope.find_many(
        ContextRow, {event.subject_id for event in told if event.topic == topics.CONTEXT_CHANGED}
    )
    shown = {id: post_of(row) for id, row in found_posts.items()}
    shown_contexts = {id: context_of(row) for id, row in found_contexts.items()}

    def changes() -> Iterator[Change]:
        for event in told:
            what = _change(event, shown, shown_contexts)
            if what is not None:
                yield Change(event.cursor, event.time, what)

    return list(changes())


def _change(
    event: Event, found_posts: dict[str, Post], found_contexts: dict[str, Context]
) -> Post | Context | InteractionsJudged | PostDeleted | ViralityAlert | None:
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
