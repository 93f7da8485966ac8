"""Waiting for what another thread or process does, for as long as it takes and no longer."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(look: Callable[[], T], *, within_seconds: float = 60.0) -> T:
    """The first true value that `look` returns; AssertionError when there is none, even on a busy machine."""
    give_up = time.monotonic() + within_seconds
    while not (found := look()):
        assert time.monotonic() < give_up, f"not within {within_seconds:g} s: {look}"
        time.sleep(0.02)
    return found
