"""Delays the import of psycopg until a PostgreSQL database is opened.

Peewee imports psycopg wherever it is installed, which takes a tenth of a server's start.
"""

from __future__ import annotations

import sys


def import_peewee_alone() -> None:
    """Imports Peewee as if psycopg were not installed, unless Peewee or psycopg is imported already."""
    if {"peewee", "psycopg"} & sys.modules.keys():
        return
    sys.modules["psycopg"] = None  # type: ignore[assignment]  # None marks a module that cannot be imported
    try:
        import peewee  # noqa: F401
    finally:
        del sys.modules["psycopg"]


def give_peewee_psycopg() -> None:
    """Sets the names that Peewee sets when it imports psycopg itself."""
    import peewee
    import psycopg
    from psycopg.pq import TransactionStatus
    from psycopg.types.json import Json, Jsonb

    names = {"psycopg": psycopg, "TransactionStatus": TransactionStatus, "Json_pg3": Json, "Jsonb_pg3": Jsonb}
    vars(peewee).update(names)
    adapter = peewee.Psycopg3Adapter
    adapter.txn_idle = TransactionStatus.IDLE
    adapter.txn_inerror = TransactionStatus.INERROR
    adapter.txn_unknown = TransactionStatus.UNKNOWN
