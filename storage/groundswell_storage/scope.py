"""A scope: what a piece of work may touch (one workspace), who does it, and the time, ids and chance it works with.

Every domain function that reads or changes data takes one first, inside a transaction:

    def create_post(scope: Scope, draft: Draft) -> Post:
        row = scope.insert(PostRow, id=scope.new_id(), text=draft.text, created=scope.now)
        scope.publish("post.created", row.id, {})
        return to_post(row)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from random import Random, SystemRandom
from typing import TYPE_CHECKING, Any, TypeVar

from peewee import ModelDelete, ModelInsert, ModelSelect, ModelUpdate

from groundswell_storage import errors, ids
from groundswell_storage.events import events
from groundswell_storage.table import Table, kind_of

if TYPE_CHECKING:
    from groundswell_storage.database import Database

T = TypeVar("T", bound=Table)

SYSTEM_RANDOM = SystemRandom()
"""The default source of chance: it has no state, so that a scope costs nothing and two processes never agree."""


class Scope:
    """Access to one workspace's rows within the transaction that is open on this thread."""

    __slots__ = ("_ids", "actor", "database", "now", "random", "workspace")

    def __init__(
        self,
        database: Database,
        workspace: str,
        actor: str,
        now: datetime,
        *,
        random: Random = SYSTEM_RANDOM,
        ids: Callable[[], str] = ids.uuid7,
    ) -> None:
        self.database = database
        self.workspace = workspace
        self.actor = actor
        """Who does this: the id of an API key, `system` for the suite itself."""
        self.now = now
        """The time of the call, in UTC, the same for all that happens in it. For leases see `Database.clock`."""
        self.random = random
        self._ids = ids

    def new_id(self) -> str:
        """A new UUIDv7."""
        return self._ids()

    def select(self, model: type[T], *columns: Any) -> ModelSelect[T]:
        """A query on this workspace's rows of a table."""
        return model.select(*columns).where(model.workspace == self.workspace)

    def find(self, model: type[T], id: str, *, lock: bool = False) -> T | None:
        """The row of this id, or None. `lock` keeps others from changing it until the transaction ends."""
        return model.by_id(self.database, self.workspace, id, lock=lock)

    def get(self, model: type[T], id: str, *, lock: bool = False) -> T:
        """The row of this id; raises NotFound, for another workspace's row too."""
        row = model.by_id(self.database, self.workspace, id, lock=lock)
        if row is None:
            raise errors.NotFound(kind_of(model), id)
        return row

    def find_many(self, model: type[T], ids: Iterable[str]) -> dict[str, T]:
        """Those rows of these ids (some thousands at most) that are there, by id."""
        wanted = list(ids)
        rows: list[Any] = self.rows(model, f"id IN ({', '.join('?' * len(wanted))})", *wanted) if wanted else []
        return {row.id: row for row in rows}

    def rows(self, model: type[T], condition: str, *parameters: object) -> list[T]:
        """The rows for which a condition in SQL holds, with `?` for its parameters; for hot paths: see `execute`."""
        return model.rows(self.database, self.workspace, condition, parameters)

    def insert(self, model: type[T], **values: Any) -> T:
        """Adds a row to this workspace and returns it, defaults filled in.

        Raises Peewee's IntegrityError when a unique key is there already (within `savepoint`, where that is expected).
        """
        row = model(workspace=self.workspace, **values)
        model.insert_row(self.database, row)
        return row

    def insert_many(self, model: type[Table], rows: Iterable[Mapping[str, Any]], *, skip_existing: bool = False) -> int:
        """Adds rows to this workspace and returns how many; `skip_existing` leaves those whose key is there already.

        All rows have the same columns. Values left out are the field's default.
        """
        return model.insert_rows(self.database, self.workspace, rows, skip_existing=skip_existing)

    def insert_query(self, model: type[Table], **values: Any) -> ModelInsert:
        """Peewee's insert, stamped with the workspace, for what needs `on_conflict`; ends in `.execute()`."""
        return model.insert(workspace=self.workspace, **values)

    def update(self, model: type[Table], **values: Any) -> ModelUpdate:
        """An update of this workspace's rows: add `.where(...)`, end in `.execute()`, which returns how many."""
        query: ModelUpdate = model.update(**values).where(model.workspace == self.workspace)
        return query

    def delete(self, model: type[Table]) -> ModelDelete:
        """A deletion of this workspace's rows: add `.where(...)`, end in `.execute()`, which returns how many."""
        query: ModelDelete = model.delete().where(model.workspace == self.workspace)
        return query

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> Any:
        """Runs raw SQL with `?` for parameters and returns the cursor.

        For hot paths, which filter by `scope.workspace` themselves.
        """
        return self.database.execute(sql, parameters)

    def savepoint(self) -> AbstractContextManager[None]:
        """A part that can fail without losing the rest of the transaction."""
        return self.database.savepoint()

    def publish(self, topic: str, subject_id: str, payload: Mapping[str, Any]) -> None:
        """Tells what happened: writes an event to the log, visible when and only when this transaction commits.

        `topic` is `thing.happened`, such as `post.created`; `subject_id` the thing's id; `payload` JSON, small.
        """
        events.publish(self.database, self.workspace, topic, subject_id, payload, self.now)
