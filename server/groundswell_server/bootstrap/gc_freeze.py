"""What a process makes while it starts is made to stay."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def gc_freeze() -> Iterator[None]:
    """Keeps the garbage collector out of a start, and what was made there out of all its later rounds.

    Imports make hundreds of thousands of objects and next to no garbage: looking for it again and again is a sixth
    of the time until a server answers, and later a share of every call.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def import_structlog() -> None:
    """Imports structlog without rich, fifty modules that it takes along to draw tracebacks; ours are plain ones."""
    before = sys.modules.get("rich")
    sys.modules["rich"] = None  # type: ignore[assignment]  # how Python is told that there is none
    try:
        import structlog  # noqa: F401
    finally:
        del sys.modules["rich"]
        if before is not None:
            sys.modules["rich"] = before
