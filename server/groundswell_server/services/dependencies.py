"""What a service is built from. The composition root makes one; services only use it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groundswell_server.jobs.queue import JobQueue
    from groundswell_server.peers.peers import Peers
    from groundswell_server.settings import Settings
    from groundswell_storage.database import Database
    from groundswell_storage.executor import DatabaseExecutor
    from groundswell_storage.feed import EventFeed


@dataclass(frozen=True, slots=True)
class Platform:
    """The means of a server process."""

    settings: Settings
    database: Database
    executor: DatabaseExecutor
    """The way of asynchronous code to the database; synchronous servicer methods run on it already."""
    feed: EventFeed
    """The event log as it grows, for streams and for caches that have to stay true."""
    jobs: JobQueue
    """Long work, done by worker processes."""
    peers: Peers
    """The suite's other services."""
