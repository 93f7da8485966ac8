"""Token buckets: all servers draw from one, no token is drawn twice, and no more than flow in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from groundswell_storage.calls.token_buckets import Draw, Limit, draw, drawn_from
from groundswell_storage.database import Database

LIMIT = Limit(per_second=2.0, burst=10)
TRICKLE = Limit(per_second=1e-6, burst=10)
"""A limit whose bucket gets no tokens while a test runs."""


def drawn(database: Database, key: str, wanted: int, limit: Limit = TRICKLE) -> Draw:
    with database.transaction():
        return draw(database, key, wanted, limit)


@pytest.mark.parametrize(
    ("tokens", "seconds", "wanted", "left", "expected"),
    [
        (10.0, 0.0, 4, 6.0, Draw(4, 0.0)),
        (3.5, 0.0, 4, 0.5, Draw(3, 0.0)),
        (0.5, 1.0, 4, 0.5, Draw(2, 0.0)),
        (9.0, 60.0, 1, 9.0, Draw(1, 0.0)),
        (0.5, 0.0, 4, 0.5, Draw(0, 0.25)),
        (0.0, 0.25, 1, 0.5, Draw(0, 0.25)),
    ],
)
def test_a_draw_takes_tokens(tokens: float, seconds: float, wanted: int, left: float, expected: Draw) -> None:
    assert drawn_from(tokens, seconds, wanted, LIMIT) == (left, expected)


def test_a_bucket_begins_full_and_gives_a_waiting_time_when_empty(database: Database) -> None:
    assert [drawn(database, "key", 4).tokens for _ in range(4)] == [4, 4, 2, 0]
    assert drawn(database, "key", 4).wait_seconds > 1e5


def test_each_key_has_its_own(database: Database) -> None:
    assert drawn(database, "one", 10).tokens == 10
    assert drawn(database, "another", 10).tokens == 10


def test_tokens_flow_in_by_the_clock_of_the_database(database: Database) -> None:
    assert drawn(database, "key", 10).tokens == 10
    with database.transaction():
        database.execute("UPDATE call_allowance SET drawn = drawn - 3000000")
    assert drawn(database, "key", 10, LIMIT).tokens == 6


def test_simultaneous_draws_get_no_token_twice(database: Database) -> None:
    def one(_: int) -> int:
        database.bind()
        try:
            return drawn(database, "key", 1, Limit(1e-6, 30)).tokens
        finally:
            database.drop_connection()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(one, range(60))) == 30
