"""Calls that are kept under way for as long as a test needs them so."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

LONGEST_SECONDS = 60


class Held:
    """Stands in for a function and does what it does, but not before it is released."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._begun = threading.Event()
        self._released = threading.Event()

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        self._begun.set()
        assert self._released.wait(LONGEST_SECONDS)
        return self._function(*arguments, **named)

    def wait_for_call(self) -> None:
        """Returns when somebody has called."""
        assert self._begun.wait(LONGEST_SECONDS)

    def release(self) -> None:
        """Lets all calls go on."""
        self._released.set()
