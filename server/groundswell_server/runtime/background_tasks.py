"""Work that goes on behind the calls as long as the server runs: what fails is told and begins again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0

log = structlog.get_logger(__name__)

Work = Callable[[], Coroutine[Any, Any, None]]


async def keep_running(name: str, work: Work, failed: Callable[[str], None]) -> None:
    """Runs `work` until it returns. A fault nobody foresaw is logged and told to `failed`, and the work begins again.

    Each pause is twice the one before, so that what fails at once does not fill the log.
    """
    pause = FIRST_PAUSE_SECONDS
    while True:
        try:
            return await work()
        except Exception:
            log.exception("work in the background failed; it begins again", work=name, in_seconds=pause)
            failed(name)
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


async def together(*works: Work) -> None:
    """Runs all at the same time; when one fails the others are ended too, so that all can begin again."""
    async with asyncio.TaskGroup() as group:
        for work in works:
            group.create_task(work())
