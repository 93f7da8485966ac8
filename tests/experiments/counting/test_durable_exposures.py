"""Durable exposures: many in one transaction, and none is reported as durable before it is."""

from __future__ import annotations

import asyncio

import pytest

from groundswell_server.experiments.counting.durable_exposures import DurableExposures, ExposureKey
from groundswell_storage.errors import Unavailable


class Exposures:
    """A buffer that flushes and fails on request."""

    def __init__(self) -> None:
        self.flushes = 0
        self.is_away = False
        self.forgotten: list[ExposureKey] = []
        self.may_end = asyncio.Event()

    async def flush(self) -> None:
        self.flushes += 1
        await self.may_end.wait()
        if self.is_away:
            raise Unavailable("the database is out of reach", reason="DATABASE_UNAVAILABLE")


@pytest.fixture
def exposures() -> Exposures:
    return Exposures()


@pytest.fixture
def settling(exposures: Exposures) -> DurableExposures:
    return DurableExposures(exposures.flush, exposures.forgotten.append)


def exposed(number: int) -> ExposureKey:
    return 1, 1, f"reader-{number}"


async def rest() -> None:
    """Lets everything run until it waits."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_exposures_during_a_write_go_into_the_next(exposures: Exposures, settling: DurableExposures) -> None:
    waiting = []
    for number in range(50):
        settling.begin(exposed(number))
        waiting.append(asyncio.create_task(settling.wait([exposed(number)])))
        await rest()
    assert exposures.flushes == 1
    assert not any(task.done() for task in waiting)
    exposures.may_end.set()
    await asyncio.gather(*waiting)
    assert exposures.flushes == 2


async def test_callers_with_the_same_exposure_wait_together(exposures: Exposures, settling: DurableExposures) -> None:
    settling.begin(exposed(0))
    impatient, patient = (asyncio.create_task(settling.wait([exposed(0)])) for _ in range(2))
    await rest()
    impatient.cancel()
    await rest()
    late = asyncio.create_task(settling.wait([exposed(0)]))
    await rest()
    assert not patient.done()
    assert not late.done()
    exposures.may_end.set()
    await asyncio.gather(patient, late)
    assert exposures.flushes == 1


async def test_a_durable_exposure_needs_no_wait(exposures: Exposures, settling: DurableExposures) -> None:
    exposures.may_end.set()
    settling.begin(exposed(0))
    await settling.wait([exposed(0)])
    exposures.may_end.clear()
    await settling.wait([exposed(0)])
    assert exposures.flushes == 1


async def test_an_exposure_that_could_not_be_written_is_new_again(
    exposures: Exposures, settling: DurableExposures
) -> None:
    exposures.is_away = True
    exposures.may_end.set()
    settling.begin(exposed(0))
    with pytest.raises(Unavailable):
        await settling.wait([exposed(0)])
    assert exposures.forgotten == [exposed(0)]
    exposures.is_away = False
    settling.begin(exposed(0))
    await settling.wait([exposed(0)])
    assert exposures.flushes == 2
