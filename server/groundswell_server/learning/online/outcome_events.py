"""News of outcomes in the event log, for a consumer that works through it. Looking costs two small reads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from groundswell_storage import consumers, events
from groundswell_storage.database import Database
from groundswell_storage.events import Position
from groundswell_storage.topics import POST_CHANGED

CONSUMER = "learning.online"
_MOST_EVENTS = 500
_IDLE_EVENTS = 1_000
"""Events about other things after which the consumer moves on, so that it does not read over them for ever."""


@dataclass(frozen=True, slots=True)
class News:
    """Posts that have changed, and the span of the log that tells of them."""

    before: Position
    after: Position
    posts: Mapping[str, Sequence[str]]
    """Ids by workspace, in the order in which they changed; none when the consumer should just move on."""


def read_news(database: Database, consumer: str = CONSUMER) -> News | None:
    """What a consumer has not worked through yet; None when there is nothing."""
    before = consumers.position(database, consumer)
    end = events.latest_position(database)
    found = events.read_after(database, before, topics=[POST_CHANGED], limit=_MOST_EVENTS)
    if not found:
        return _beyond(before, end)
    posts: dict[str, dict[str, None]] = defaultdict(dict)
    for event in found:
        posts[event.workspace][event.subject_id] = None
    return News(before, found[-1].position, {workspace: list(ids) for workspace, ids in posts.items()})


def skip(database: Database, consumer: str) -> News | None:
    """For a consumer that nothing concerns now: what it may pass over, None while that is little."""
    return _beyond(consumers.position(database, consumer), events.latest_position(database))


def _beyond(before: Position, end: Position) -> News | None:
    return News(before, end, {}) if end[1] - before[1] > _IDLE_EVENTS else None
