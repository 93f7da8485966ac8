"""Etags: the names of versions, so that nobody overwrites what he has not seen."""

from __future__ import annotations

from groundswell_storage.errors import Aborted


def etag_of(version: int) -> str:
    """The etag of a row's version."""
    return f"v{version}"


def check_etag(version: int, etag: str) -> None:
    """Raises Aborted (`ETAG_MISMATCH`) when `etag` names another version; an empty one asks for no check."""
    current = etag_of(version)
    if etag and etag != current:
        raise Aborted(
            f"somebody else changed it: {current} is stored, {etag[:64]!r} was sent; read it again, then repeat",
            reason="ETAG_MISMATCH",
            metadata={"etag": current},
        )
