"""Keeping the predictions that were served for stored contexts, behind the answers.

A call pays for a look into a dictionary. What is new waits here for at most half a second and is written then, in one
transaction with whatever else is being written. So a server that is killed loses the last half second, and each server
keeps at most `MOST_WAITING` predictions in that time: under more load than that it is a sample that is kept. What a
version says of a context again and again is one row, and written again only when the prediction has changed.
"""

from __future__ import annotations

import asyncio
import math
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import structlog

from groundswell_server.learning.features.extraction import category, feature_values
from groundswell_server.learning.features.facts import PostFacts
from groundswell_server.learning.prediction.predictions import Prediction
from groundswell_storage import predictions
from groundswell_storage.executor import DatabaseExecutor
from groundswell_storage.predictions import ServedPrediction
from groundswell_storage.scope import Scope

WAIT_SECONDS = 0.5
"""How long a prediction waits to be written with others."""
MOST_WAITING = 500
"""Predictions that wait at most; further ones are not kept."""
_MOST_REMEMBERED = 50_000

log = structlog.get_logger(__name__)

Key = tuple[str, str, str]
"""Workspace, context and version."""


class _Waiting(NamedTuple):
    prediction: Prediction
    facts: PostFacts
    served: datetime


class PredictionLog:
    """One for a server; used on its event loop."""

    def __init__(self, executor: DatabaseExecutor) -> None:
        self._executor = executor
        self._said: dict[Key, float] = {}
        """What was said last; what is said again is kept already."""
        self._waiting: dict[Key, _Waiting] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._writing: set[asyncio.Task[None]] = set()

    def note(
        self, workspace: str, context_id: str, model_id: str, prediction: Prediction, facts: PostFacts, served: datetime
    ) -> None:
        """Notes what a version said of a context; what is said of a draft alone has no outcome to wait for."""
        key = workspace, context_id, model_id
        if not context_id or self._said.get(key) == prediction.value:
            return
        if len(self._waiting) >= MOST_WAITING and key not in self._waiting:
            return
        if len(self._said) >= _MOST_REMEMBERED:
            self._said.clear()
        self._said[key] = prediction.value
        self._waiting[key] = _Waiting(prediction, facts, served)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(WAIT_SECONDS, self._write)

    async def flush(self) -> None:
        """Writes what waits, and returns when all is durable or given up."""
        self._write()
        while self._writing:
            await asyncio.gather(*self._writing)

    def _write(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        by_workspace: dict[str, list[tuple[Key, _Waiting]]] = defaultdict(list)
        for key, waiting in self._waiting.items():
            by_workspace[key[0]].append((key, waiting))
        self._waiting = {}
        for workspace, noted in by_workspace.items():
            task = asyncio.create_task(self._keep(workspace, noted))
            self._writing.add(task)
            task.add_done_callback(self._writing.discard)

    async def _keep(self, workspace: str, noted: list[tuple[Key, _Waiting]]) -> None:
        database, now = self._executor.database, max(waiting.served for _, waiting in noted)
        try:
            await self._executor.write(
                lambda: predictions.keep(Scope(database, workspace, "system", now), list(_rows(noted)))
            )
        except Exception as error:
            # Nobody waits for this to be told; the next call for the same context notes it again.
            log.warning("predictions not kept", count=len(noted), error=str(error))
            for key, _ in noted:
                self._said.pop(key, None)


def _rows(noted: Iterable[tuple[Key, _Waiting]]) -> Iterable[ServedPrediction]:
    for (_, context_id, model_id), (prediction, facts, served) in noted:
        values = [None if math.isnan(value) else float(value) for value in feature_values(facts)]
        yield ServedPrediction(
            model_id,
            context_id,
            facts.platform or 0,
            {"values": values, "category": category(facts)},
            prediction.value,
            _finite(prediction.lower),
            _finite(prediction.upper),
            served,
        )


def _finite(end: float) -> float | None:
    return end if math.isfinite(end) else None
