"""Fields: exact times, plain JSON."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell_storage.fields import from_micros, to_json, to_micros


@given(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.timezones()))  # noqa: DTZ001
def test_a_time_keeps_its_microseconds(instant: datetime):
    assert from_micros(to_micros(instant)) == instant.astimezone(UTC)


def test_a_time_of_another_zone_is_the_same_instant_in_utc():
    berlin = datetime(2026, 3, 1, 13, tzinfo=timezone(timedelta(hours=1)))
    assert from_micros(to_micros(berlin)) == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert from_micros(to_micros(berlin)).tzinfo is UTC


def test_a_time_without_a_zone_is_a_mistake():
    with pytest.raises(TypeError):
        to_micros(datetime(2026, 3, 1))  # noqa: DTZ001 - the mistake


def test_json_has_no_numbers_that_are_none():
    assert to_json({"ü": [1, 2.5, None]}) == '{"ü":[1,2.5,null]}'
    with pytest.raises(ValueError, match="Out of range"):
        to_json({"x": float("nan")})
