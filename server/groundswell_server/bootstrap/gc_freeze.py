"""A start without garbage collection, and imports that are cheap to start with."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def gc_freeze() -> Iterator[None]:
    """Turns the garbage collector off during a start, and excludes the objects of the start from later collections.

    Imports create hundreds of thousands of objects and almost no garbage. Collections take a sixth of the time until a
    server answers, and later a share of every call.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def import_structlog() -> None:
    """Imports structlog without rich, whose fifty modules draw tracebacks that this server does not use."""
    before = sys.modules.get("rich")
    sys.modules["rich"] = None  # type: ignore[assignment]  # Python raises ImportError for a module that is None
    try:
        import structlog  # noqa: F401
    finally:
        del sys.modules["rich"]
        if before is not None:
            sys.modules["rich"] = before
