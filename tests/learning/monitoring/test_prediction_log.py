"""Predictions are written behind the answers, once each, within bounds, and again after a failure."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from math import inf

import pytest

from groundswell_server.caching import write_behind
from groundswell_server.learning.features.post_facts import PostFacts
from groundswell_server.learning.serving.prediction_log import PredictionLog
from groundswell_server.models.predictions import Prediction
from groundswell_server.models.serving import prediction_buffer
from groundswell_storage.database import Database
from groundswell_storage.executor import DatabaseExecutor
from groundswell_storage.learning import predictions
from groundswell_storage.learning.predictions import JudgedPrediction
from tests.learning.model_rows import a_version

NOW = datetime(2026, 4, 1, 12, tzinfo=UTC)
FACTS = PostFacts(publish_time=NOW, platform=1, content_category=" Product ")
RATE = Prediction(4.0, 1.0, 9.0)


@pytest.fixture
async def executor(database: Database) -> AsyncIterator[DatabaseExecutor]:
    executor = DatabaseExecutor(database)
    yield executor
    executor.close()


@pytest.fixture
def model_id(database: Database) -> str:
    with database.scope("default") as scope:
        return a_version(scope, "run-1").id


def kept(database: Database, model_id: str) -> list[JudgedPrediction]:
    with database.scope("default") as scope:
        span = {"since": NOW - timedelta(days=1), "until": NOW + timedelta(days=1)}
        return predictions.judged(scope, model_id, target_age=timedelta(days=7), **span)


async def test_what_was_said_is_kept_with_what_it_was_said_of(
    database: Database, executor: DatabaseExecutor, model_id: str
) -> None:
    log = PredictionLog(executor)
    log.record("default", "context", model_id, RATE, FACTS, NOW)
    await log.flush()
    (found,) = kept(database, model_id)
    assert (found.value, found.lower, found.upper, found.served) == (4.0, 1.0, 9.0, NOW)
    assert found.features["values"][:2] == [12.0, 2.0]
    assert found.features["values"][2] is None
    assert found.features["category"] == "product"


async def test_what_is_said_again_is_not_written_again(
    database: Database, executor: DatabaseExecutor, model_id: str
) -> None:
    log = PredictionLog(executor)
    for hours in range(3):
        log.record("default", "context", model_id, RATE, FACTS, NOW + timedelta(hours=hours))
        await log.flush()
    assert [one.served for one in kept(database, model_id)] == [NOW]
    log.record("default", "context", model_id, RATE._replace(value=5.0), FACTS, NOW + timedelta(hours=4))
    await log.flush()
    assert [one.value for one in kept(database, model_id)] == [5.0]


async def test_a_draft_alone_is_not_kept(database: Database, executor: DatabaseExecutor, model_id: str) -> None:
    log = PredictionLog(executor)
    log.record("default", "", model_id, RATE, FACTS, NOW)
    await log.flush()
    assert kept(database, model_id) == []


async def test_all_that_one_call_says_is_kept(database: Database, executor: DatabaseExecutor, model_id: str) -> None:
    log = PredictionLog(executor)
    for number in range(2_000):
        log.record("default", f"context-{number}", model_id, RATE, FACTS, NOW)
    await log.flush()
    assert len(kept(database, model_id)) == 2_000


async def test_no_more_than_so_many_wait(
    database: Database, executor: DatabaseExecutor, model_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prediction_buffer, "MAX_WAITING", 600)
    log = PredictionLog(executor)
    told: list[int] = []
    monkeypatch.setattr(write_behind.log, "warning", lambda event, *, buffer, count: told.append(count))
    for number in range(650):
        log.record("default", f"context-{number}", model_id, RATE, FACTS, NOW)
    await log.flush()
    assert len(kept(database, model_id)) == 600
    assert told == [50]
    log.record("default", "context-600", model_id, RATE, FACTS, NOW)
    await log.flush()
    assert len(kept(database, model_id)) == 601


async def test_an_infinite_interval_has_no_ends(database: Database, executor: DatabaseExecutor, model_id: str) -> None:
    log = PredictionLog(executor)
    log.record("default", "context", model_id, Prediction(0.7, -inf, inf), FACTS, NOW)
    await log.flush()
    assert [(one.lower, one.upper) for one in kept(database, model_id)] == [(None, None)]


async def test_what_could_not_be_written_is_noted_again(
    database: Database, executor: DatabaseExecutor, model_id: str
) -> None:
    log = PredictionLog(executor)
    with database.transaction():
        database.execute("ALTER TABLE prediction RENAME TO gone")
    log.record("default", "context", model_id, RATE, FACTS, NOW)
    await log.flush()
    with database.transaction():
        database.execute("ALTER TABLE gone RENAME TO prediction")
    assert kept(database, model_id) == []
    log.record("default", "context", model_id, RATE, FACTS, NOW)
    await log.flush()
    assert len(kept(database, model_id)) == 1
