"""Demographics: the groups of people that posts reached, the newest data of each post."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from peewee import TextField

from groundswell_storage.fields import InstantField, JsonField
from groundswell_storage.scope import Scope
from groundswell_storage.table import Table


class PostDemographicsRow(Table):
    """The groups of people that a post reached, none of them small enough to identify a person."""

    post_id = TextField(primary_key=True)
    fetch_time = InstantField()
    groups = JsonField()
    """`{"countries": {"DE": 210}, "age_bands": {...}, "genders": {...}}`, people by group."""


def get_for_post(scope: Scope, post_id: str) -> PostDemographicsRow | None:
    """Returns the groups of a post; None when there are none."""
    found: PostDemographicsRow | None = (
        scope.select(PostDemographicsRow).where(PostDemographicsRow.post_id == post_id).first()
    )
    return found


def store(scope: Scope, post_id: str, fetch_time: datetime, groups: dict[str, Any]) -> None:
    """Stores the groups of a locked post, unless newer ones are stored."""
    known = get_for_post(scope, post_id)
    if known is None:
        scope.insert(PostDemographicsRow, post_id=post_id, fetch_time=fetch_time, groups=groups)
    elif fetch_time >= known.fetch_time:
        changed = scope.update(PostDemographicsRow, fetch_time=fetch_time, groups=groups)
        changed.where(PostDemographicsRow.post_id == post_id).execute()


def remove_of_post(scope: Scope, post_id: str) -> None:
    """Deletes the groups of a post."""
    scope.delete(PostDemographicsRow).where(PostDemographicsRow.post_id == post_id).execute()
