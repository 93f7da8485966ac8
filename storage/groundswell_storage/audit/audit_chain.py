"""The chain of seals on the audit log: entries form batches, and each batch's seal covers the seal before it.

A seal is an HMAC-SHA256 over the batch's number, the previous seal and the content of the entries. Its key is a secret
that is not readable in the database, so that a person who can write to the database cannot reseal a changed batch.
Entries are sealed after their commit, so that no write waits for another because of the chain.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from peewee import BigIntegerField, IntegerField

from groundswell_storage.database import Database
from groundswell_storage.fields import BytesField, InstantField
from groundswell_storage.table import SystemTable

KEY = "audit_seal"
"""Name of the deployment secret that is the key of the seals."""
BATCH_ENTRIES = 1000
"""The maximum number of entries of a batch; sealing creates as many batches as it needs."""

_SEALED_COLUMNS = "workspace, id, create_time, actor, action, subject, reason, before, after"
_NO_SEAL = b""
"""The previous seal of the first batch."""


class AuditBatchRow(SystemTable):
    """A sealed batch of entries of the whole deployment. Batches are numbered from 1 without gaps."""

    number = BigIntegerField(primary_key=True)
    entries = IntegerField()
    seal = BytesField()
    seal_time = InstantField()


@dataclass(frozen=True, slots=True)
class Fault:
    """A batch or entry that differs from what was sealed."""

    batch: int
    problem: str


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of a check of the whole log."""

    batches: int
    entries: int
    """Entries in sealed batches."""
    unsealed: int
    """Entries that are not sealed yet: nothing protects them until the next sealing."""
    head: str
    """The last seal, in hexadecimal. A copy kept elsewhere shows later whether batches were removed from the end."""
    faults: tuple[Fault, ...]


def any_unsealed(database: Database) -> bool:
    """Returns true when there are entries to seal."""
    return database.execute("SELECT 1 FROM audit_entry WHERE batch IS NULL LIMIT 1").fetchone() is not None


def seal(database: Database, key: bytes) -> int:
    """Seals one batch of committed entries and returns their number, 0 for none; called in a transaction.

    Several servers may call this at the same time: if two seal the same batch, the second does nothing.
    """
    # The last batch is read first: a batch that another server seals after that gets the same number and fails.
    last = database.execute("SELECT number, seal FROM audit_batch ORDER BY number DESC LIMIT 1").fetchone()
    number, before = (last[0] + 1, bytes(last[1])) if last else (1, _NO_SEAL)
    rows = database.execute(
        f"SELECT {_SEALED_COLUMNS} FROM audit_entry WHERE batch IS NULL ORDER BY id LIMIT ?", (BATCH_ENTRIES,)
    ).fetchall()
    if not rows:
        return 0
    claimed = database.execute(
        f"INSERT INTO audit_batch (number, entries, seal, seal_time) VALUES (?, ?, ?, {database.clock_sql}) "
        "ON CONFLICT (number) DO NOTHING",
        (number, len(rows), _seal(key, number, before, rows)),
    ).rowcount
    if not claimed:
        return 0
    ids = [row[1] for row in rows]
    database.execute(f"UPDATE audit_entry SET batch = ? WHERE id IN ({', '.join('?' * len(ids))})", (number, *ids))
    return len(rows)


def verify(database: Database, key: bytes, *, head: str = "") -> Verification:
    """Recomputes every seal and returns the batches that differ from what was sealed; called in a transaction.

    `head` is a seal that was read earlier; it is a fault when no batch has it any longer.
    """
    batches = entries = 0
    before, faults = _NO_SEAL, []
    seals = set()
    for number, count, kept in _batches(database):
        batches += 1
        for missing in range(batches, number):
            faults.append(Fault(missing, "the batch is missing"))
            batches += 1
        rows = database.execute(
            f"SELECT {_SEALED_COLUMNS} FROM audit_entry WHERE batch = ? ORDER BY id", (number,)
        ).fetchall()
        entries += len(rows)
        if problem := _problem(key, number, before, rows, count, kept):
            faults.append(Fault(number, problem))
        before = kept
        seals.add(kept.hex())
    if head and head.lower() not in seals:
        faults.append(Fault(batches + 1, f"no batch has the seal {head}: batches are missing from the end"))
    faults += [Fault(number, "entries name a batch that was never sealed") for number in _strays(database)]
    waiting = database.execute("SELECT COUNT(*) FROM audit_entry WHERE batch IS NULL").fetchone()[0]
    return Verification(batches, entries, waiting, before.hex(), tuple(faults))


def _problem(key: bytes, number: int, before: bytes, rows: Sequence[Any], count: int, kept: bytes) -> str:
    """Returns the fault of a batch, or an empty text."""
    if hmac.compare_digest(_seal(key, number, before, rows), kept):
        return ""
    if len(rows) < count:
        return f"{count - len(rows)} of its {count} entries were removed"
    if len(rows) > count:
        return f"{len(rows) - count} entries were inserted into its {count}"
    return "an entry, the batch or the seal before it was changed"


def _seal(key: bytes, number: int, before: bytes, rows: Sequence[Sequence[Any]]) -> bytes:
    seal = hmac.new(key, f"{number} {len(rows)} ".encode() + before, hashlib.sha256)
    for row in rows:
        seal.update(hashlib.sha256(json.dumps(list(row)).encode()).digest())
    return seal.digest()


def _batches(database: Database) -> Iterator[tuple[int, int, bytes]]:
    found = database.execute("SELECT number, entries, seal FROM audit_batch ORDER BY number").fetchall()
    return ((number, count, bytes(kept)) for number, count, kept in found)


def _strays(database: Database) -> list[int]:
    rows = database.execute(
        "SELECT DISTINCT batch FROM audit_entry WHERE batch IS NOT NULL "
        "AND NOT EXISTS (SELECT 1 FROM audit_batch WHERE number = audit_entry.batch) ORDER BY batch"
    ).fetchall()
    return [number for (number,) in rows]
