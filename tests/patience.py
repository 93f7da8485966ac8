"""Polling of state that another thread or process changes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(look: Callable[[], T], *, within_seconds: float = 60.0) -> T:
    """Calls `look` until it returns a true value, and returns that; raises AssertionError after `within_seconds`.

    The default is long, so that a busy machine fails no test.
    """
    give_up = time.monotonic() + within_seconds
    while not (found := look()):
        assert time.monotonic() < give_up, f"not within {within_seconds:g} s: {look}"
        time.sleep(0.02)
    return found
