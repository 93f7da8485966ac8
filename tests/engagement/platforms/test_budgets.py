"""CallBudgets: shared by all servers, never beyond a limit in any window."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from groundswell_server.engagement.platforms.call_limits import Limit
from groundswell_server.engagement.sync.sync_queue import CallBudgets, OverBudget
from groundswell_storage.database import Database
from tests.engagement.platforms.clocks import SharedClock

HOUR = timedelta(hours=1)
GRAPH = Limit("graph", 200, HOUR)


@pytest.fixture
def budgets(database: Database, clock: SharedClock) -> CallBudgets:
    return CallBudgets(database, "default", clock)


def test_a_pause_fills_the_bucket_to_its_depth_only(budgets: CallBudgets, clock: SharedClock) -> None:
    for _ in range(2):
        taken = 0
        while not (wait := budgets.take(GRAPH, 1)):
            taken += 1
        assert taken in (GRAPH.depth, GRAPH.depth + 1), "the clock moves on a little with each look"
        assert timedelta() < wait <= GRAPH.interval
        clock.sleep(10 * HOUR.total_seconds(), lambda: None)


def test_after_the_reported_wait_a_call_is_left(budgets: CallBudgets, clock: SharedClock) -> None:
    for calls in (1, 2, GRAPH.depth):
        while wait := budgets.take(GRAPH, calls):
            clock.sleep(wait.total_seconds(), lambda: None)
        assert budgets.take(GRAPH, GRAPH.depth) > timedelta()


@pytest.mark.parametrize("calls", [200, 300, 600])
def test_no_window_wherever_it_begins_holds_more_calls_than_the_limit(
    budgets: CallBudgets, clock: SharedClock, calls: int
) -> None:
    limit = Limit("any", calls, HOUR)
    clock.sleep(HOUR.total_seconds(), lambda: None)
    made: list[float] = []
    while len(made) < 2 * calls:
        wait = budgets.take(limit, 1)
        if wait:
            clock.sleep(wait.total_seconds(), lambda: None)
        else:
            made.append(clock.seconds())
    fullest = max(sum(start <= each < start + HOUR.total_seconds() for each in made) for start in made)
    assert 0.9 * calls <= fullest <= calls


def test_servers_share_a_budget(database: Database, clock: SharedClock) -> None:
    limit, taken = Limit("shared", 200, timedelta(days=365)), []
    together = threading.Barrier(4, timeout=30)

    def server() -> None:
        database.bind()
        budgets = CallBudgets(database, "default", clock)
        together.wait()
        while not budgets.take(limit, 1):
            taken.append(1)
        database.drop_connection()

    servers = [threading.Thread(target=server) for _ in range(4)]
    for each in servers:
        each.start()
    for each in servers:
        each.join()
    assert len(taken) == limit.depth


def test_workspaces_have_budgets_of_their_own(database: Database, clock: SharedClock) -> None:
    ours, theirs = CallBudgets(database, "ours", clock), CallBudgets(database, "theirs", clock)
    ours.close(GRAPH, HOUR)
    assert ours.take(GRAPH, 1) > timedelta(minutes=59)
    assert not theirs.take(GRAPH, 1)


def test_a_rest_ends_when_the_longest_that_was_asked_for_does(budgets: CallBudgets, clock: SharedClock) -> None:
    for minutes in (5, 30, 10):
        budgets.close(GRAPH, timedelta(minutes=minutes))
    with pytest.raises(OverBudget):
        budgets.spend(GRAPH)
    wait = budgets.take(GRAPH, 1)
    assert timedelta(minutes=29) < wait <= timedelta(minutes=30)
    clock.sleep(wait.total_seconds(), lambda: None)
    budgets.spend(GRAPH)


def test_calls_come_back_one_by_one(budgets: CallBudgets, clock: SharedClock) -> None:
    budgets.take(GRAPH, GRAPH.depth)
    times: list[datetime] = []
    while len(times) < 5:
        wait = budgets.take(GRAPH, 1)
        clock.sleep(wait.total_seconds(), lambda: None)
        if not wait:
            times.append(datetime.fromtimestamp(clock.seconds(), UTC))
    assert all(abs((after - before) - GRAPH.interval) < timedelta(seconds=1) for before, after in pairwise(times))
