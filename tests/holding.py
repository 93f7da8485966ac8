"""A function whose calls wait until a test releases them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

MAX_SECONDS = 60


class Held:
    """A replacement for a function that calls it only once it is released."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._begun = threading.Event()
        self._released = threading.Event()

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        self._begun.set()
        assert self._released.wait(MAX_SECONDS)
        return self._function(*arguments, **named)

    def wait_for_call(self) -> None:
        """Waits until there is a call."""
        assert self._begun.wait(MAX_SECONDS)

    def release(self) -> None:
        """Lets all calls continue."""
        self._released.set()
