"""The keys of experiments and rollouts, which are unique among both, so that an event needs only a key."""

from __future__ import annotations

from peewee import CompositeKey, IntegrityError, TextField

from groundswell_storage.errors import AlreadyExists
from groundswell_storage.scope import Scope
from groundswell_storage.table import Table


class ExperimentKeyRow(Table):
    """The key of an experiment or a rollout."""

    key = TextField()

    class Meta:
        primary_key = CompositeKey("workspace", "key")


def take(scope: Scope, key: str) -> None:
    """Reserves a key; raises AlreadyExists (`EXPERIMENT_KEY_TAKEN`)."""
    try:
        with scope.savepoint():
            scope.insert(ExperimentKeyRow, key=key)
    except IntegrityError as error:
        raise AlreadyExists("experiment or rollout", key, reason="EXPERIMENT_KEY_TAKEN") from error
