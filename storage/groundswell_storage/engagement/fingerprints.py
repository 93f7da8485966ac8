"""Fingerprints of texts, for finding near duplicates: one row for each post, so that writing is cheap."""

from __future__ import annotations

from peewee import TextField

from groundswell_storage.fields import BytesField, InstantField, to_micros
from groundswell_storage.scope import Scope
from groundswell_storage.table import Table


class PostFingerprintsRow(Table):
    """The texts of a post by which duplicates on other posts are found."""

    post_id = TextField(primary_key=True)
    fingerprints = BytesField()
    """Entries of the same length, one for each text, in the order in which they were recorded."""
    record_time = InstantField()
    """Time of the last entry."""

    class Meta:
        indexes = ((("workspace", "record_time"), False),)


def newest(scope: Scope, *, limit: int) -> list[bytes]:
    """Returns the fingerprints of the `limit` posts that got texts last, newest first."""
    cursor = scope.execute(
        "SELECT fingerprints FROM post_fingerprints WHERE workspace = ? ORDER BY record_time DESC LIMIT ?",
        (scope.workspace, limit),
    )
    return [bytes(found) for (found,) in cursor.fetchall()]


def remember(scope: Scope, post_id: str, entries: bytes, *, most_bytes: int) -> None:
    """Adds entries to those of a post, which the caller has locked, and drops the oldest beyond `most_bytes`."""
    cursor = scope.execute(
        "SELECT fingerprints FROM post_fingerprints WHERE workspace = ? AND post_id = ?", (scope.workspace, post_id)
    )
    known = cursor.fetchone()
    kept = ((b"" if known is None else bytes(known[0])) + entries)[-most_bytes:]
    if known is None:
        scope.insert(PostFingerprintsRow, post_id=post_id, fingerprints=kept, record_time=scope.now)
        return
    scope.execute(
        "UPDATE post_fingerprints SET fingerprints = ?, record_time = ? WHERE workspace = ? AND post_id = ?",
        (kept, to_micros(scope.now), scope.workspace, post_id),
    )


def remove_of_post(scope: Scope, post_id: str) -> None:
    """Deletes the texts of a post."""
    scope.execute("DELETE FROM post_fingerprints WHERE workspace = ? AND post_id = ?", (scope.workspace, post_id))
