"""The trailing record of a persona: the last 30 days, by snapshots fetched before the post."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell_server.learning.features.post_facts import Trailing
from groundswell_server.learning.features.trailing_record import WINDOW, PastPost, TrailingRecord

MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
MOMENT = timedelta(microseconds=1)


def a_post(name: str, publish_time: datetime, known: datetime, rate: float | None = 4.0) -> PastPost:
    return PastPost(name, publish_time, known, rate, genuine_users=100.0, bot_share=0.25)


def test_a_snapshot_counts_from_the_moment_after_it_was_fetched() -> None:
    record = TrailingRecord([a_post("a", MONDAY, MONDAY + 7 * DAY)])
    assert record.at(MONDAY + 7 * DAY) == Trailing()
    assert record.at(MONDAY + 7 * DAY + MOMENT) == Trailing(4.0, 100.0, 0.25)


def test_a_post_counts_for_30_days() -> None:
    record = TrailingRecord([a_post("a", MONDAY, MONDAY + DAY)])
    assert record.at(MONDAY + 30 * DAY).engagement_rate_pct == 4.0
    assert record.at(MONDAY + 30 * DAY + MOMENT) == Trailing()


def test_of_a_post_the_last_snapshot_before_the_moment_counts() -> None:
    snapshots = [a_post("a", MONDAY, MONDAY + day * DAY, rate=float(day)) for day in (1, 3, 5)]
    record = TrailingRecord(snapshots)
    assert [record.at(MONDAY + day * DAY).engagement_rate_pct for day in (1, 2, 4, 6)] == [None, 1.0, 3.0, 5.0]


def test_each_figure_is_the_mean_of_the_posts_that_have_it() -> None:
    record = TrailingRecord(
        [
            PastPost("a", MONDAY, MONDAY + DAY, rate_pct=2.0, genuine_users=10.0, bot_share=None),
            PastPost("b", MONDAY, MONDAY + DAY, rate_pct=None, genuine_users=30.0, bot_share=None),
        ]
    )
    assert record.at(MONDAY + 2 * DAY) == Trailing(2.0, 20.0, None)


snapshots = st.builds(
    lambda post, published, age, rate: a_post(
        f"post-{post}", MONDAY + (10 * post + published % 1) * DAY, MONDAY + (10 * post + age) * DAY, rate
    ),
    st.integers(0, 6),
    st.just(0),
    st.integers(0, 60),
    st.none() | st.floats(0, 50),
)


@given(st.lists(snapshots, max_size=30, unique_by=lambda past: (past.post_id, past.known_time)), st.integers(-5, 130))
@settings(max_examples=200, deadline=None)
def test_it_agrees_with_a_plain_search_of_the_history(history: list[PastPost], day: int) -> None:
    time = MONDAY + day * DAY
    last: dict[str, PastPost] = {}
    for past in sorted(history, key=lambda past: past.known_time):
        if past.known_time < time <= past.publish_time + WINDOW:
            last[past.post_id] = past
    rates = [past.rate_pct for past in last.values() if past.rate_pct is not None]
    found = TrailingRecord(history).at(time).engagement_rate_pct
    assert found == (pytest.approx(sum(rates) / len(rates), abs=1e-9) if rates else None)
