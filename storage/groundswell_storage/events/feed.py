"""The event feed: one reader of the event log per server, any number of followers, no connection held while they wait.

The feed reads each event once, whatever the number of followers, and keeps the last few thousand events in memory. A
follower that keeps up is served from memory. A follower that lags, or starts with an old cursor, reads the log itself,
batch by batch. No queue is kept for it, so that a slow follower costs no memory.

The reader wakes at commits of this process; at NOTIFY of others on PostgreSQL, which each process's feed sends after
its commits, once for many (inside transactions it would serialize all commits); on SQLite when the counter
`PRAGMA data_version` changes, which another process's commit increments. It also polls at long intervals.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, Collection, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from groundswell_storage import errors
from groundswell_storage.events import events
from groundswell_storage.events.events import Event, Position

if TYPE_CHECKING:
    from groundswell_storage.executor import DatabaseExecutor

_RETRY_SECONDS = 1.0
_READ_AT_ONCE = 1000
_HIDDEN_SECONDS = (0.01, 0.25)
"""First and last interval of looking for events that an older transaction hides."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Events in order, and the cursor that continues after them."""

    events: tuple[Event, ...]
    """Empty in a heartbeat."""
    cursor: str


class EventFeed:
    """The events of one server process; created and used on its event loop."""

    def __init__(
        self,
        executor: DatabaseExecutor,
        *,
        remembered: int = 10_000,
        batch_size: int = 256,
        poll: timedelta = timedelta(seconds=2),
        watch: timedelta = timedelta(milliseconds=100),
        notify_gap: timedelta = timedelta(milliseconds=10),
    ) -> None:
        """Prepares the feed; `start` begins.

        `remembered`: events kept in memory. `batch_size`: the most events yielded at once. `poll`: the interval of the
        slow poll. `watch`: the interval of reading SQLite's counter. `notify_gap`: the least time between two NOTIFY.
        """
        self._executor = executor
        self._database = executor.database
        self._batch_size = batch_size
        # CockroachDB sends no notifications, so that the feed has to poll more often.
        self._poll_seconds = min(poll.total_seconds(), 0.25 if self._database.dialect == "cockroachdb" else 60.0)
        self._watch_seconds = watch.total_seconds()
        self._notify_gap_seconds = notify_gap.total_seconds()
        self._recent: deque[Event] = deque(maxlen=remembered)
        self._recent_after: Position = events.START
        """The position before the oldest event in memory: a follower from here on needs no database."""
        self._end: Position = events.START
        self._changed = asyncio.Event()
        self._unannounced = asyncio.Event()
        self._followers: defaultdict[str | None, set[_Follower]] = defaultdict(set)
        """Followers by the workspace that they follow, None for all."""
        self._tasks: list[asyncio.Task[None]] = []
        self._closed = False

    async def start(self) -> None:
        """Begins at the current end of the log. Raises Unavailable when the database cannot be reached."""
        self._end = await self._executor.read(lambda: events.latest_position(self._database))
        self._recent_after = self._end
        self._executor.on_commit.append(self._committed)
        self._run(self._keep_reading())
        if self._database.dialect == "sqlite":
            self._run(self._watch_other_processes())
        elif self._database.dialect == "postgresql":
            self._run(self._listen())
            self._run(self._announce())

    async def close(self) -> None:
        """Ends all iterations and tasks."""
        self._closed = True
        with contextlib.suppress(ValueError):
            self._executor.on_commit.remove(self._committed)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for followers in self._followers.values():
            for follower in followers:
                follower.wake.set()

    @property
    def followers(self) -> int:
        """Number of open iterations."""
        return sum(map(len, self._followers.values()))

    @property
    def cursor(self) -> str:
        """The cursor of the end of the log as far as this process has read it, from which to follow later events.

        It may be a moment behind, never ahead: a caller that takes it before it reads the current state may be notified
        of a change twice, but misses none.
        """
        return events.encode_cursor(self._end)

    def wake(self) -> None:
        """Makes the reader check immediately, for callers that have published an event."""
        self._changed.set()

    async def follow(
        self,
        cursor: str | None = None,
        *,
        topics: Collection[str] = (),
        workspace: str | None = None,
        heartbeat: timedelta | None = None,
    ) -> AsyncGenerator[Batch, None]:
        """Yields the events after a cursor as they happen, until the feed is closed.

        `cursor`: None for new events only, "" for all that are kept. `topics` and `workspace`: all unless given.
        `heartbeat`: an empty batch with a new cursor after that long without events. Raises InvalidArgument
        (`CURSOR_INVALID`), FailedPrecondition (`CURSOR_EXPIRED`), and Unavailable while the database cannot be reached.
        """
        position = self._end if cursor is None else events.decode_cursor(cursor)
        if position < self._recent_after:
            await self._executor.read(lambda: events.check_cursor(self._database, position))
        follower = _Follower(frozenset(topics), workspace)
        self._followers[workspace].add(follower)
        try:
            while not self._closed:
                follower.wake.clear()
                batch, position = await self._after(position, follower)
                if batch:
                    yield Batch(tuple(batch), events.encode_cursor(position))
                elif position >= self._end:
                    try:
                        async with asyncio.timeout(heartbeat.total_seconds() if heartbeat else None):
                            await follower.wake.wait()
                    except TimeoutError:
                        batch, position = await self._after(position, follower)
                        yield Batch(tuple(batch), events.encode_cursor(position))
        finally:
            self._followers[workspace].discard(follower)

    async def _after(self, position: Position, follower: _Follower) -> tuple[list[Event], Position]:
        """Returns the follower's next events, and the position up to which it has seen all of its events."""
        if position < self._recent_after:
            end = self._end
            found = await self._executor.read(
                lambda: events.read_after(
                    self._database,
                    position,
                    workspace=follower.workspace,
                    topics=tuple(follower.topics),
                    limit=self._batch_size,
                )
            )
            if len(found) == self._batch_size:
                return found, found[-1].position
            return found, max(end, found[-1].position if found else end)
        found = []
        for event in _newer(self._recent, position):
            if follower.wants(event):
                found.append(event)
                if len(found) == self._batch_size:
                    return found, event.position
        return found, max(position, self._end)

    async def _keep_reading(self) -> None:
        """Reads the log until the feed is closed."""
        wait = self._poll_seconds
        soon = _HIDDEN_SECONDS[0]
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._changed.wait()
            self._changed.clear()
            try:
                # Events may be hidden until an older transaction ends, which may send no notification: look again
                # soon, and then less and less often.
                hidden = await self._read_new()
                wait = soon if hidden else self._poll_seconds
                soon = min(soon * 2, _HIDDEN_SECONDS[1]) if hidden else _HIDDEN_SECONDS[0]
            except errors.GroundswellError:
                # The database cannot be reached: followers wait, and miss nothing, because the log does not change.
                wait = _RETRY_SECONDS

    async def _read_new(self) -> bool:
        """Reads new events; returns true when there are more that may not be read yet."""

        def read() -> tuple[list[Event], bool]:
            # Checked first, so that events that become visible between the two statements are read; in the other order
            # no later read would find them.
            hidden = events.has_hidden(self._database)
            return events.read_after(self._database, self._end, limit=_READ_AT_ONCE), hidden

        while True:
            new, hidden = await self._executor.read(read)
            if new:
                self._take_in(new)
            if len(new) < _READ_AT_ONCE:
                return hidden

    def _take_in(self, new: list[Event]) -> None:
        room = (self._recent.maxlen or 0) - len(self._recent)
        overflow = len(new) - room
        if overflow > 0:
            dropped = [self._recent.popleft() for _ in range(min(overflow, len(self._recent)))]
            dropped += new[: overflow - len(dropped)]
            self._recent_after = dropped[-1].position
        self._recent.extend(new)
        self._end = new[-1].position
        for workspace, topic in {(event.workspace, event.topic) for event in new}:
            for audience in (workspace, None):
                for follower in self._followers.get(audience, ()):
                    if not follower.topics or topic in follower.topics:
                        follower.wake.set()

    def _committed(self, published: int) -> None:
        if published:
            self._changed.set()
            self._unannounced.set()

    async def _watch_other_processes(self) -> None:
        known = None
        while True:
            with contextlib.suppress(errors.GroundswellError):
                version = await self._executor.read(lambda: self._database.execute("PRAGMA data_version").fetchone()[0])
                if known is not None and version != known:
                    self._changed.set()
                known = version
            await asyncio.sleep(self._watch_seconds)

    async def _announce(self) -> None:
        """Notifies other processes of commits in this process."""
        while True:
            await self._unannounced.wait()
            self._unannounced.clear()
            with contextlib.suppress(errors.GroundswellError):
                await self._executor.read(self._database.engine.announce)
            await asyncio.sleep(self._notify_gap_seconds)

    async def _listen(self) -> None:
        """Listens to other processes on its own connection; the slow poll covers its failures."""
        from groundswell_storage.engines.postgres import announcements

        while True:
            async for _ in announcements(self._database.url):
                self._changed.set()
            await asyncio.sleep(_RETRY_SECONDS)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.get_running_loop().create_task(work))


class _Follower:
    __slots__ = ("topics", "wake", "workspace")

    def __init__(self, topics: frozenset[str], workspace: str | None) -> None:
        self.topics = topics
        self.workspace = workspace
        self.wake = asyncio.Event()

    def wants(self, event: Event) -> bool:
        return (not self.topics or event.topic in self.topics) and self.workspace in (None, event.workspace)


def _newer(recent: deque[Event], position: Position) -> list[Event]:
    """Returns the events in memory after a position; searched from the new end, because most followers are near it."""
    found = []
    for event in reversed(recent):
        if event.position <= position:
            break
        found.append(event)
    found.reverse()
    return found


__all__ = ["Batch", "EventFeed"]
