"""The outcome of a post: its rate at one age, which makes it comparable with others."""

from __future__ import annotations

from datetime import datetime, timedelta

from groundswell_storage.fields import MICROSECOND, to_micros

OUTCOME = (
    "JOIN metric_snapshot s ON s.id = (SELECT m.id FROM metric_snapshot m WHERE m.post_id = p.id "
    "AND m.fetch_time >= p.publish_time + ? AND m.fetch_time <= ? AND m.outcome_rate_pct IS NOT NULL "
    "ORDER BY m.fetch_time, m.id LIMIT 1) "
)
"""Joins to a post `p` its first snapshot `s` of the target age or older, known by a time. A later snapshot
would not be better: rates are comparable only at the same age."""


def outcome_at(target_age: timedelta, known_by: datetime) -> tuple[int, int]:
    """Returns the parameters of `OUTCOME`."""
    return target_age // MICROSECOND, to_micros(known_by)
