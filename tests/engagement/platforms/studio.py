"""A workspace whose posts are on the stand-in, and syncs of it by a clock that nobody waits for."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from groundswell.v1 import engagement_pb2 as pb
from groundswell_server.engagement import personas
from groundswell_server.engagement.connections import connections, token_vault
from groundswell_server.engagement.connections.connections import Connection, ConnectionDraft
from groundswell_server.engagement.jobs import SYNC, sync_with
from groundswell_server.engagement.personas import PersonaDraft
from groundswell_server.engagement.platforms import adapters
from groundswell_server.engagement.platforms.http_client import open_client
from groundswell_server.engagement.posts import posts
from groundswell_server.engagement.posts.posts import Post, PostDraft
from groundswell_server.engagement.sync.sync_run import SyncDependencies
from groundswell_server.jobs.job import Job
from groundswell_server.settings import Settings, load
from groundswell_storage.database import Database
from groundswell_storage.engagement.enums import Platform
from groundswell_storage.jobs import operations
from groundswell_storage.jobs.operations import Operation
from tests.engagement.platforms.clocks import SharedClock
from tests.jobs.running import look, run, take
from tests.stand_in import StandIn

MASTER_KEY = base64.b64encode(bytes(range(32))).decode()
TOKEN = "EAAGm0PX4ZCpsBAKZC"
ATTEMPTS = 3
PATIENT = timedelta(days=365)
"""Waits in place, however long: the clock only has to be moved on."""


class Studio:
    """The fixtures of tests of syncs."""

    def __init__(
        self, database: Database, stand_in: StandIn, clock: SharedClock, workspace: str = "default", server: str = ""
    ) -> None:
        """`server` is the address of the services for its worker; none by default."""
        self.database = database
        self.stand_in = stand_in
        self.clock = clock
        self.workspace = workspace
        self.server = server
        self.start = clock.now()
        self.given: dict[str, Any] = {"master_key": MASTER_KEY, **stand_in.settings}

    @property
    def settings(self) -> Settings:
        """Settings that point at the stand-in."""
        return load(**self.given)

    def persona(self, name: str = "Ava") -> str:
        """The id of a new persona."""
        with self.database.scope(self.workspace) as scope:
            return personas.create_persona(scope, PersonaDraft(name)).id

    def connect(self, platform: Platform, persona_id: str = "", token: str = TOKEN) -> Connection:
        """Connects a platform, for all personas by default."""
        with self.database.scope(self.workspace) as scope:
            vault = token_vault.open_vault(self.database, token_vault.sealer_of(self.settings))
            return connections.connect(scope, ConnectionDraft(persona_id, platform, token), vault)

    def connected(self, platform: Platform) -> Connection:
        """A connection as it is now."""
        with self.database.scope(self.workspace) as scope:
            found = connections.list_connections(scope).items
        return next(each for each in found if each.platform is platform)

    def post(
        self, persona_id: str, platform: Platform, id: str, age: timedelta = timedelta(hours=6), **given: Any
    ) -> str:
        """The id of a post that was published so long before the clock's start."""
        draft = PostDraft(persona_id, platform, id, publish_time=self.start - age, **given)
        with self.database.scope(self.workspace) as scope:
            return posts.create_post(scope, draft).id

    def read(self, post_id: str) -> Post:
        """A post as it is now."""
        with self.database.scope(self.workspace) as scope:
            return posts.get_post(scope, post_id)

    def ask(
        self,
        *,
        platforms: Sequence[Platform] = (),
        hours: int = 0,
        as_of: datetime | None = None,
        include_overdue: bool = False,
        max_attempts: int = ATTEMPTS,
    ) -> Operation:
        """Asks for a sync as of the clock's time."""
        request = pb.SyncPostsRequest(
            hours=hours,
            platforms=platforms,
            as_of_time=as_of or self.clock.now(),
            include_overdue=include_overdue,
        )
        with self.database.scope(self.workspace) as scope:
            return operations.create(scope, SYNC, request.SerializeToString(), max_attempts=max_attempts)

    def work(self, operation: Operation, patience: timedelta = PATIENT) -> Operation:
        """Runs the operation in a worker and returns it afterwards."""
        lease = take(self.database)
        run(self.database, lease, lambda job: self.run(job, patience), self.server, **self.given)
        return look(self.database, operation)

    def run(self, job: Job, patience: timedelta = PATIENT) -> pb.SyncReport:
        """The job."""
        with open_client() as client:
            return sync_with(job, SyncDependencies(adapters(self.settings), client, self.clock, patience))

    def sync(self, **asked: Any) -> pb.SyncReport:
        """Asks for a sync and carries it out."""
        ended = self.work(self.ask(**asked))
        assert ended.state == "SUCCEEDED", f"{ended.error_reason}: {ended.error_message}"
        return pb.SyncReport.FromString(ended.response or b"")
