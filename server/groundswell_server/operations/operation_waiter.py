"""The wait for the end of an operation. It follows the event log, holds no connection and does not poll."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from groundswell_storage.events.feed import EventFeed
from groundswell_storage.events.topics import OPERATION_CHANGED
from groundswell_storage.jobs.operations import Operation

_TIME_TO_ANSWER = 0.1
"""Share of the caller's deadline, and at most as many seconds, that is left for sending the answer."""


def wait_seconds(timeout_seconds: float | None, *, deadline_seconds: float) -> float:
    """Returns the time to wait: the requested one, shortened so that the answer arrives before the call's deadline."""
    longest = max(0.0, deadline_seconds - min(1.0, deadline_seconds) * _TIME_TO_ANSWER)
    return longest if timeout_seconds is None else min(timeout_seconds, longest)


async def wait_for_end(
    feed: EventFeed, read: Callable[[], Awaitable[Operation]], *, workspace: str, seconds: float
) -> Operation:
    """Returns the operation when it has ended, or its state after `seconds`.

    `read` reads it from the database; its errors are raised.
    """
    # Taken before the first read: an event after that read comes after the cursor.
    cursor = feed.cursor
    operation = await read()
    if operation.is_done or seconds <= 0:
        return operation
    try:
        async with asyncio.timeout(seconds):
            async for batch in feed.follow(cursor, topics=(OPERATION_CHANGED,), workspace=workspace):
                if any(event.subject_id == operation.id for event in batch.events):
                    operation = await read()
                    if operation.is_done:
                        return operation
    except TimeoutError:
        pass
    return await read()
