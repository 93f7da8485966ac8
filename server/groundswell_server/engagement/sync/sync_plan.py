"""What a sync has to do: which posts are due, by which connection, in which order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import zip_longest
from typing import TypeVar

from groundswell_server.engagement.connections.connections import OpenConnection
from groundswell_server.engagement.platforms.adapter import Adapter
from groundswell_storage.chunks import chunks
from groundswell_storage.engagement import post_syncs
from groundswell_storage.engagement.enums import Platform, SyncOutcome
from groundswell_storage.engagement.post_syncs import Overdue, SyncTarget
from groundswell_storage.scope import Scope

SHORTEST_CACHE, MAX_CACHE = timedelta(minutes=5), timedelta(minutes=15)
_OF_AGE = 12
OVERDUE = timedelta(days=7)
"""How long after an age that is waited for posts are asked for that have no metrics from then on."""
_UNTRIED_OR_SYNCED = (SyncOutcome.UNSPECIFIED, SyncOutcome.SYNCED)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SyncScope:
    """What to sync."""

    until: datetime
    """Posts that were published before."""
    hours: int
    """Posts of so many hours."""
    platforms: tuple[Platform, ...]
    persona_ids: tuple[str, ...] = ()
    """Of all personas when empty."""
    awaited_ages: tuple[timedelta, ...] = ()
    """Older posts are wanted, too, that have no metrics from these ages on."""


@dataclass(frozen=True, slots=True)
class Unit:
    """The smallest step of a sync: one fetch of counts, or one page of comments."""

    connection: OpenConnection
    targets: Sequence[SyncTarget]
    after: str | None = None
    """None for counts; where a page of comments begins, empty for the first."""
    pages: int = 0
    """Pages of comments before this one."""
    tries: int = 0
    """How often it has failed for a moment."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is left to do."""

    units: Sequence[Unit]
    fresh: int = 0
    """Posts fetched so shortly before that they are left alone."""
    unconnected: int = 0
    done: int = 0
    """Posts that an earlier run of the same operation has done."""
    total: int = 0
    """Posts that the operation asks for, those done included."""


def cache_time(age: timedelta) -> timedelta:
    """How long counts of a post of this age count as fresh: 5 minutes in its first hour, 15 from the third on."""
    return min(max(age / _OF_AGE, SHORTEST_CACHE), MAX_CACHE)


def plan(
    scope: Scope,
    wanted: SyncScope,
    adapters: Mapping[Platform, Adapter],
    connections: Mapping[tuple[str, Platform], OpenConnection],
    operation_id: str,
    now: datetime,
) -> Plan:
    """Finds what is due. Personas take turns, so that none has to wait until all posts of another are through."""
    due: dict[OpenConnection, list[SyncTarget]] = defaultdict(list)
    comments: list[Unit] = []
    fresh = unconnected = done = 0
    for target in _targets(scope, wanted, operation_id):
        platform = Platform(target.platform)
        connection = connections.get((target.persona_id, platform)) or connections.get(("", platform))
        if target.operation_id == operation_id and target.outcome:
            done += 1
            if target.comments_due and connection is not None:
                comments.append(Unit(connection, [target], ""))
        elif target.outcome == SyncOutcome.GONE:
            continue
        elif connection is None:
            unconnected += 1
        elif target.sync_time is not None and now - target.sync_time < cache_time(now - target.publish_time):
            fresh += 1
        else:
            # Tries of another operation are no tries of this one.
            due[connection].append(target if target.operation_id == operation_id else target._replace(tries=0))
    units = _in_turn(
        list(_units(connection, targets, adapters[connection.platform])) for connection, targets in due.items()
    )
    total = done + sum(map(len, due.values()))
    return Plan([*comments, *units], fresh, unconnected, done, total)


def _targets(scope: Scope, wanted: SyncScope, operation_id: str) -> list[SyncTarget]:
    """The posts of the span, and those that have passed an awaited age without metrics since; newest first."""
    span = timedelta(hours=wanted.hours)
    targets = partial(post_syncs.targets, scope, platforms=wanted.platforms, persona_ids=wanted.persona_ids)
    found = targets(since=wanted.until - span, until=wanted.until)
    for age in wanted.awaited_ages:
        reached = wanted.until - age
        overdue = Overdue(age, operation_id, _UNTRIED_OR_SYNCED, failed_from=reached - span)
        found += targets(since=reached - max(span, OVERDUE), until=reached, overdue=overdue)
    once = {target.post_id: target for target in found}
    return sorted(once.values(), key=lambda target: (target.publish_time, target.post_id), reverse=True)


def _units(connection: OpenConnection, targets: Iterable[SyncTarget], adapter: Adapter) -> Iterator[Unit]:
    by_persona: dict[str, list[SyncTarget]] = defaultdict(list)
    for target in targets:
        by_persona[target.persona_id].append(target)
    mixed = _in_turn(by_persona.values())
    for together in chunks(mixed, adapter.posts_per_fetch):
        yield Unit(connection, together, tries=max(target.tries for target in together))


def _in_turn(rows: Iterable[Sequence[T]]) -> list[T]:
    """One of each row, then the next of each, and so on."""
    missing = object()
    return [item for turn in zip_longest(*rows, fillvalue=missing) for item in turn if item is not missing]  # type: ignore[misc]
