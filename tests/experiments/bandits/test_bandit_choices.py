"""Concurrent choices of a bandit: stored together, returned to all callers, and kept when a caller is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import replace
from typing import Any

import pytest

from groundswell_server.experiments import lifecycle
from groundswell_server.experiments.assignment.bandit_choices import BanditChoices
from groundswell_server.experiments.catalog.assigner import Assignment
from groundswell_server.experiments.design.design import Design, Metric, Variant
from groundswell_storage.database import Database
from groundswell_storage.errors import Unavailable
from groundswell_storage.executor import DatabaseExecutor
from groundswell_storage.experiments.enums import ExperimentKind

DESIGN = Design((Metric("conversion_rate"),), (Variant("new"),), kind=ExperimentKind.BANDIT)


class Executor:
    """The real store, which counts transactions and fails on request."""

    def __init__(self, real: DatabaseExecutor) -> None:
        self.database = real.database
        self.transactions = 0
        self.is_away = False
        self._real = real

    def write(self, work: Callable[[], Any]) -> Awaitable[Any]:
        if self.is_away:
            raise Unavailable("the database is out of reach", reason="DATABASE_UNAVAILABLE")
        self.transactions += 1
        return self._real.write(work)


@pytest.fixture
def executor(database: Database) -> Iterator[Executor]:
    with database.scope("default", "tester") as scope:
        for key in ("hooks", "colours"):
            lifecycle.create_experiment(scope, key, replace(DESIGN, seed="same"))
            lifecycle.start_experiment(scope, key)
    real = DatabaseExecutor(database)
    yield Executor(real)
    real.close()


def run(executor: Executor, work: Callable[[BanditChoices], Coroutine[Any, Any, Any]]) -> Any:
    async def inside() -> Any:
        return await work(BanditChoices(executor))  # type: ignore[arg-type]

    return asyncio.run(inside())


def test_concurrent_callers_share_one_transaction_and_one_answer(executor: Executor) -> None:
    async def ask(choices: BanditChoices) -> list[Assignment]:
        asked = [("hooks", "ana"), ("colours", "ana"), ("hooks", "ana"), *(("hooks", f"unit-{n}") for n in range(50))]
        return await asyncio.gather(*(choices.choose("default", key, unit, {}) for key, unit in asked))

    first, other, again, *rest = run(executor, ask)
    assert first == again
    assert other.variant == first.variant, "the same seed, the same chance"
    assert all(answer.is_enrolled and not answer.is_tentative for answer in (first, other, *rest))
    assert executor.transactions == 1


def test_a_cancelled_caller_does_not_cancel_the_others(executor: Executor) -> None:
    async def ask(choices: BanditChoices) -> Assignment:
        impatient, patient = (asyncio.create_task(choices.choose("default", "hooks", "ana", {})) for _ in range(2))
        await asyncio.sleep(0)
        impatient.cancel()
        return await patient

    assert run(executor, ask).is_enrolled


def test_no_choice_is_returned_that_could_not_be_stored(executor: Executor) -> None:
    async def ask(choices: BanditChoices) -> list[Any]:
        executor.is_away = True
        failed = await asyncio.gather(
            *(choices.choose("default", "hooks", unit, {}) for unit in ("ana", "bo")), return_exceptions=True
        )
        executor.is_away = False
        return [*failed, await choices.choose("default", "hooks", "ana", {})]

    *failed, answer = run(executor, ask)
    assert [type(error) for error in failed] == [Unavailable] * 2
    assert answer.is_enrolled
