"""The event loop of a server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


def run_on_fastest_loop(work: Coroutine[Any, Any, None]) -> None:
    """Runs a coroutine to its end on uvloop, or on asyncio's own loop where uvloop is not installed."""
    new_loop: Callable[[], asyncio.AbstractEventLoop]
    try:
        from uvloop import new_event_loop as new_loop
    except ImportError:
        new_loop = asyncio.new_event_loop
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(work)
