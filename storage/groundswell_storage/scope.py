"""A scope: the workspace, actor, time, ids and randomness that a piece of work may use.

Every domain function that reads or changes data takes one first, inside a transaction:

    def create_post(scope: Scope, draft: Draft) -> Post:
        row = scope.insert(PostRow, id=scope.new_id(), text=draft.text, create_time=scope.now)
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
"""The default source of randomness: it has no state, so that a scope costs nothing and two processes never agree."""


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
        """Id of the API key that acts, or `system` for the suite itself."""
        self.now = now
        """The time of the call, in UTC, the same throughout the call. For leases see `Database.clock`."""
        self.random = random
        self._ids = ids

    def new_id(self) -> str:
        """Returns a new UUIDv7."""
        return self._ids()

    def select(self, model: type[T], *columns: Any) -> ModelSelect[T]:
        """Returns a query on this workspace's rows of a table."""
        return model.select(*columns).where(model.workspace == self.workspace)

    def find(self, model: type[T], id: str, *, lock: bool = False) -> T | None:
        """Returns the row of this id, or None. `lock` locks the row until the transaction ends."""
        return model.by_id(self.database, self.workspace, id, lock=lock)

    def get(self, model: type[T], id: str, *, lock: bool = False) -> T:
        """Returns the row of this id; raises NotFound, for another workspace's row too."""
        row = model.by_id(self.database, self.workspace, id, lock=lock)
        if row is None:
            raise errors.NotFound(kind_of(model), id)
        return row

    def find_many(self, model: type[T], ids: Iterable[str]) -> dict[str, T]:
        """Returns the existing rows of these ids (some thousands at most), by id."""
        wanted = list(ids)
        rows: list[Any] = self.rows(model, f"id IN ({', '.join('?' * len(wanted))})", *wanted) if wanted else []
        return {row.id: row for row in rows}

    def rows(self, model: type[T], condition: str, *parameters: object) -> list[T]:
        """Returns the rows that meet a condition in SQL, with `?` for its parameters; for hot paths: see `execute`."""
        return model.rows(self.database, self.workspace, condition, parameters)

    def insert(self, model: type[T], **values: Any) -> T:
        """Adds a row to this workspace and returns it with its defaults.

        Raises Peewee's IntegrityError when a unique key exists already (within `savepoint`, where that is expected).
        """
        row = model(workspace=self.workspace, **values)
        model.insert_row(self.database, row)
        return row

    def insert_many(self, model: type[Table], rows: Iterable[Mapping[str, Any]], *, skip_existing: bool = False) -> int:
        """Adds rows to this workspace and returns their number; `skip_existing` leaves out rows whose key exists.

        All rows have the same columns. Missing values are the field's default.
        """
        return model.insert_rows(self.database, self.workspace, rows, skip_existing=skip_existing)

    def insert_query(self, model: type[Table], **values: Any) -> ModelInsert:
        """Returns Peewee's insert, with the workspace, for statements that need `on_conflict`; ends in `.execute()`."""
        return model.insert(workspace=self.workspace, **values)

    def update(self, model: type[Table], **values: Any) -> ModelUpdate:
        """Returns an update of this workspace's rows: add `.where(...)`; `.execute()` returns their number."""
        query: ModelUpdate = model.update(**values).where(model.workspace == self.workspace)
        return query

    def delete(self, model: type[Table]) -> ModelDelete:
        """Returns a deletion of this workspace's rows: add `.where(...)`; `.execute()` returns their number."""
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
        """Writes an event to the log, visible when and only when this transaction commits.

        `topic` is `subject.happened`, such as `post.created`; `subject_id` is the id of the subject; `payload` is small
        JSON.
        """
        events.publish(self.database, self.workspace, topic, subject_id, payload, self.now)
