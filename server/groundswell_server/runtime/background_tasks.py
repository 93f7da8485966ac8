"""Background tasks that run as long as the server does. A task that fails is logged, counted and restarted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

FIRST_PAUSE_SECONDS = 0.5
MAX_PAUSE_SECONDS = 30.0

log = structlog.get_logger(__name__)

Work = Callable[[], Coroutine[Any, Any, None]]


async def keep_running(name: str, work: Work, failed: Callable[[str], None]) -> None:
    """Runs `work` until it returns. After an unforeseen error it is logged, passed to `failed`, and restarted.

    Each pause is twice the last one, so that work which fails at once does not fill the log.
    """
    pause = FIRST_PAUSE_SECONDS
    while True:
        try:
            return await work()
        except Exception:
            log.exception("background task failed and will be restarted", work=name, in_seconds=pause)
            failed(name)
        await asyncio.sleep(pause)
        pause = min(2 * pause, MAX_PAUSE_SECONDS)


async def together(*works: Work) -> None:
    """Runs all tasks at the same time. When one fails the others are cancelled, so that all restart together."""
    async with asyncio.TaskGroup() as group:
        for work in works:
            group.create_task(work())
