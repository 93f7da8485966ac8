"""Unix sockets by which the servers and workers of one machine call each other."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def peer_sockets(count: int) -> Iterator[list[str]]:
    """Yields gRPC targets, one for each server process, in a folder that only this user can read."""
    with tempfile.TemporaryDirectory(prefix="groundswell-") as folder:
        yield [f"unix:{Path(folder) / f'peers-{number}.sock'}" for number in range(count)]
