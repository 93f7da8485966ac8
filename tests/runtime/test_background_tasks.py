"""Work behind the calls goes on after a fault that nobody foresaw, and somebody hears of it."""

from __future__ import annotations

import asyncio

import pytest

from groundswell_server.runtime import background_tasks
from groundswell_server.runtime.background_tasks import keep_running, together


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background_tasks, "FIRST_PAUSE_SECONDS", 0.0)


def test_what_fails_is_counted_and_begins_again_until_it_is_done() -> None:
    begun, failed = [], []

    async def work() -> None:
        begun.append(1)
        if len(begun) < 3:
            raise ZeroDivisionError

    asyncio.run(keep_running("sums", work, failed.append))
    assert len(begun) == 3
    assert failed == ["sums", "sums"]


def test_what_is_ended_does_not_begin_again() -> None:
    failed: list[str] = []

    async def main() -> None:
        task = asyncio.create_task(keep_running("sleep", lambda: asyncio.sleep(3600), failed.append))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert failed == []


def test_works_that_belong_together_end_and_begin_again_together() -> None:
    log: list[str] = []

    async def patient() -> None:
        log.append("patient begins")
        try:
            if log.count("patient begins") < 2:
                await asyncio.Event().wait()
        finally:
            log.append("patient ends")

    async def hasty() -> None:
        log.append("hasty begins")
        if log.count("hasty begins") < 2:
            raise ZeroDivisionError

    async def both() -> None:
        await together(patient, hasty)

    asyncio.run(keep_running("both", both, lambda name: log.append(f"{name} failed")))
    assert log.count("patient begins") == log.count("patient ends") == log.count("hasty begins") == 2
    assert log.count("both failed") == 1
