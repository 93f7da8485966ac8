"""The rest of a call budget, calculated as the calls are taken."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from groundswell_storage.database import Database
from groundswell_storage.engagement import call_budgets

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("taken", "later", "left"), [(0, 0, 10), (3, 0, 7), (3, 1, 8), (3, 1.5, 8), (3, 60, 10), (10, 0, 0)]
)
def test_so_many_calls_can_be_made_as_are_left(database: Database, taken: int, later: float, left: int) -> None:
    now = NOON + later * SECOND
    with database.scope("ours") as scope:
        for _ in range(taken):
            assert not call_budgets.take(scope, "graph", NOON, calls=1, interval=SECOND, depth=10)
    budgets = call_budgets.read_all(database)
    assert [one.left(now, interval=SECOND, depth=10) for one in budgets] == ([left] if taken else [])
    with database.scope("ours") as scope:
        made = [call_budgets.take(scope, "graph", now, calls=1, interval=SECOND, depth=10) for _ in range(left + 1)]
    assert [not wait for wait in made] == [True] * left + [False]


def test_a_platform_that_asked_for_a_rest_has_none_left(database: Database) -> None:
    with database.scope("ours") as scope:
        call_budgets.close(scope, "graph", NOON)
    (one,) = call_budgets.read_all(database)
    assert (one.workspace, one.name, one.closed_until) == ("ours", "graph", NOON)
    assert one.left(NOON - SECOND, interval=SECOND, depth=10) == 0
    assert one.left(NOON, interval=SECOND, depth=10) == 10
