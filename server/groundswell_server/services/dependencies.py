"""The dependencies that a servicer is constructed from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groundswell_server.jobs.queue import JobQueue
    from groundswell_server.peers.peers import Peers
    from groundswell_server.settings import Settings
    from groundswell_storage.database import Database
    from groundswell_storage.events.feed import EventFeed
    from groundswell_storage.executor import DatabaseExecutor


@dataclass(frozen=True, slots=True)
class Dependencies:
    """The dependencies of a server process. The composition root constructs one; servicers only read it."""

    settings: Settings
    database: Database
    executor: DatabaseExecutor
    """Runs functions on the database threads for asynchronous code; synchronous servicer methods run there already."""
    feed: EventFeed
    """The event log as it grows, for streams and for the invalidation of caches."""
    jobs: JobQueue
    """Starts long-running work in worker processes."""
    peers: Peers
    """Calls the other services of the suite."""
