"""Changes of posts in the event log, for consumers that learn from outcomes. An idle check costs two small reads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from groundswell_storage.database import Database
from groundswell_storage.events import consumers, events
from groundswell_storage.events.events import Position
from groundswell_storage.events.topics import POST_CHANGED

CONSUMER = "learning.online"
TOPICS = (POST_CHANGED,)
_MAX_EVENTS = 500
_IDLE_EVENTS = 1_000
"""Number of events of other topics after which the consumer's position advances, so that it never reads far back."""


@dataclass(frozen=True, slots=True)
class ChangedPosts:
    """Posts that have changed, and the part of the event log that announced them."""

    before: Position
    after: Position
    posts: Mapping[str, Sequence[str]]
    """Ids by workspace, in the order in which they changed; empty when only the position is to advance."""


def read_changes(
    database: Database, consumer: str = CONSUMER, workspaces: set[str] | None = None
) -> ChangedPosts | None:
    """Returns the changes that a consumer has not processed, of these workspaces if given; None without changes."""
    before = consumers.position(database, consumer)
    end = events.latest_position(database)
    if workspaces is not None and not workspaces:
        return _skipped(before, end)
    found = events.read_after(database, before, topics=TOPICS, limit=_MAX_EVENTS)
    if not found:
        return _skipped(before, end)
    posts: dict[str, dict[str, None]] = defaultdict(dict)
    for event in found:
        if workspaces is None or event.workspace in workspaces:
            posts[event.workspace][event.subject_id] = None
    return ChangedPosts(before, found[-1].position, {workspace: list(ids) for workspace, ids in posts.items()})


def _skipped(before: Position, end: Position) -> ChangedPosts | None:
    return ChangedPosts(before, end, {}) if end[1] - before[1] > _IDLE_EVENTS else None
