from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell_server.engagement.metrics.engagement_rates import Counts
from groundswell_server.engagement.metrics.timeline import Snapshot, hourly_timeline
from groundswell_storage.errors import InvalidArgument

PUBLISHED = datetime(2026, 5, 1, 9, 40, tzinfo=UTC)


def at(hour: int, minute: int, likes: int | None, day: int = 1) -> Snapshot:
    return Snapshot(datetime(2026, 5, day, hour, minute, tzinfo=UTC), Counts(likes=likes))


def test_an_hour_shows_its_last_snapshot_and_what_it_grew() -> None:
    first, second = hourly_timeline(PUBLISHED, [at(10, 10, 40), at(10, 50, 60), at(11, 50, 90)])

    assert (first.start_time.hour, first.counts.likes, first.snapshot_count) == (10, 60, 2)
    assert first.growth is not None
    assert first.growth.counts.likes == 60
    assert first.growth.elapsed_hours == pytest.approx(70 / 60)
    assert second.growth is not None
    assert (second.growth.counts.likes, second.growth.elapsed_hours) == (30, 1.0)


def test_hours_without_a_snapshot_are_left_out_and_the_gap_is_reported() -> None:
    _, late = hourly_timeline(PUBLISHED, [at(10, 0, 40), at(16, 0, 100)])

    assert late.start_time.hour == 16
    assert late.growth is not None
    assert (late.growth.counts.likes, late.growth.elapsed_hours) == (60, 6.0)


def test_counts_that_are_taken_back_are_negative_growth() -> None:
    _, second = hourly_timeline(PUBLISHED, [at(10, 0, 100), at(11, 0, 80)])

    assert second.growth is not None
    assert second.growth.counts.likes == -20


def test_growth_from_or_to_the_unknown_is_unknown() -> None:
    hours = hourly_timeline(PUBLISHED, [at(10, 0, 10), at(11, 0, None), at(12, 0, 30)])

    assert [hour.growth.counts.likes if hour.growth else 0 for hour in hours] == [10, None, None]


def test_without_a_time_of_publication_the_first_growth_is_unknown() -> None:
    [only] = hourly_timeline(None, [at(10, 0, 40)])

    assert only.growth is None


def test_the_first_hour_of_a_range_grows_from_what_was_before_it() -> None:
    start = datetime(2026, 5, 1, 12, tzinfo=UTC)

    [only] = hourly_timeline(
        PUBLISHED, [at(10, 0, 40), at(11, 0, 70), at(12, 0, 75)], start, start + timedelta(hours=1)
    )

    assert only.growth is not None
    assert only.growth.counts.likes == 5


@pytest.mark.parametrize("length", [timedelta(0), timedelta(hours=-1), timedelta(hours=2161)])
def test_impossible_ranges_are_refused(length: timedelta) -> None:
    with pytest.raises(InvalidArgument):
        hourly_timeline(PUBLISHED, [], PUBLISHED, PUBLISHED + length)


@given(
    st.lists(
        st.tuples(st.integers(0, 100_000), st.integers(0, 1000)), min_size=1, max_size=20, unique_by=lambda p: p[0]
    )
)
def test_the_growth_of_all_hours_is_the_last_count(found: list[tuple[int, int]]) -> None:
    snapshots = [Snapshot(PUBLISHED + timedelta(seconds=time), Counts(likes=likes)) for time, likes in found]

    hours = hourly_timeline(PUBLISHED, snapshots)

    growth = sum(hour.growth.counts.likes or 0 for hour in hours if hour.growth)
    assert growth == hours[-1].counts.likes
    assert sum(hour.snapshot_count for hour in hours) == len(snapshots)
