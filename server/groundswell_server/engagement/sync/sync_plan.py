"""The plan of a sync: the posts that are due, their connections and their order."""

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

MIN_CACHE, MAX_CACHE = timedelta(minutes=5), timedelta(minutes=15)
_OF_AGE = 12
OVERDUE = timedelta(days=7)
"""Time after an awaited age in which posts without metrics from that age on are fetched."""
_UNTRIED_OR_SYNCED = (SyncOutcome.UNSPECIFIED, SyncOutcome.SYNCED)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SyncScope:
    """The posts to sync."""

    until: datetime
    """Latest time of publication, exclusive."""
    hours: int
    """Hours before `until` that are covered."""
    platforms: tuple[Platform, ...]
    persona_ids: tuple[str, ...] = ()
    """Personas to sync; all when empty."""
    awaited_ages: tuple[timedelta, ...] = ()
    """Older posts without metrics from these ages on are synced too."""


@dataclass(frozen=True, slots=True)
class Unit:
    """The smallest step of a sync: one fetch of counts, or one page of comments."""

    connection: OpenConnection
    targets: Sequence[SyncTarget]
    after: str | None = None
    """None for counts; for comments the start of the page, empty for the first."""
    pages: int = 0
    """Number of pages of comments before this one."""
    tries: int = 0
    """Number of transient failures."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The remaining work."""

    units: Sequence[Unit]
    fresh: int = 0
    """Posts that were fetched too recently to be fetched again."""
    unconnected: int = 0
    done: int = 0
    """Posts that an earlier run of the operation finished."""
    total: int = 0
    """Posts of the operation, finished ones included."""


def cache_time(age: timedelta) -> timedelta:
    """Returns the time for which counts are fresh: 5 minutes in a post's first hour, 15 from the third hour on."""
    return min(max(age / _OF_AGE, MIN_CACHE), MAX_CACHE)


def plan(
    scope: Scope,
    wanted: SyncScope,
    adapters: Mapping[Platform, Adapter],
    connections: Mapping[tuple[str, Platform], OpenConnection],
    operation_id: str,
    now: datetime,
) -> Plan:
    """Plans the due posts. Personas alternate, so that none waits for all posts of another."""
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
            # Attempts of another operation do not count here.
            due[connection].append(target if target.operation_id == operation_id else target._replace(tries=0))
    units = _in_turn(
        list(_units(connection, targets, adapters[connection.platform])) for connection, targets in due.items()
    )
    total = done + sum(map(len, due.values()))
    return Plan([*comments, *units], fresh, unconnected, done, total)


def _targets(scope: Scope, wanted: SyncScope, operation_id: str) -> list[SyncTarget]:
    """Returns the posts of the span and the overdue posts, newest first."""
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
    """Returns the first item of each row, then the second of each, and so on."""
    missing = object()
    return [item for turn in zip_longest(*rows, fillvalue=missing) for item in turn if item is not missing]  # type: ignore[misc]
