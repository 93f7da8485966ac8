"""Waiting for an operation to end: by its events, so that nothing is held and nothing is asked again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from groundswell_storage.events.feed import EventFeed
from groundswell_storage.events.topics import OPERATION_CHANGED
from groundswell_storage.jobs.operations import Operation

Look = Callable[[], Awaitable[Operation]]

_TIME_TO_ANSWER = 0.1
"""The share of a caller's patience, and at most as many seconds, that is left for the answer's way back."""


def patience(timeout_seconds: float | None, *, deadline_seconds: float) -> float:
    """How long to wait: as asked for, but so that the answer arrives before the call's deadline."""
    longest = max(0.0, deadline_seconds - min(1.0, deadline_seconds) * _TIME_TO_ANSWER)
    return longest if timeout_seconds is None else min(timeout_seconds, longest)


async def wait(feed: EventFeed, look: Look, *, workspace: str, seconds: float) -> Operation:
    """Returns the operation when it has ended, or as it stands after `seconds`.

    `look` reads it from the database; what it raises comes through.
    """
    # Taken before the first look: what happens after the look comes after the cursor.
    cursor = feed.cursor
    operation = await look()
    if operation.is_done or seconds <= 0:
        return operation
    try:
        async with asyncio.timeout(seconds):
            async for batch in feed.follow(cursor, topics=(OPERATION_CHANGED,), workspace=workspace):
                if any(event.subject_id == operation.id for event in batch.events):
                    operation = await look()
                    if operation.is_done:
                        return operation
    except TimeoutError:
        pass
    return await look()
