"""Unix sockets on which servers and workers of one machine reach each other."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def peer_sockets(count: int) -> Iterator[list[str]]:
    """Targets of gRPC, one for each server process, in a folder that only this user can reach; removed in the end."""
    with tempfile.TemporaryDirectory(prefix="groundswell-") as folder:
        yield [f"unix:{Path(folder) / f'peers-{number}.sock'}" for number in range(count)]
