"""Hypothesis strategies of arbitrary posts."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import strategies as st

from groundswell_server.learning.features.post_facts import PostFacts, Trailing

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland")

maybe_enum = st.none() | st.integers(0, 6)
counts = st.none() | st.integers(0, 10_000_000)
rates = st.none() | st.floats(0.0, 500.0)

any_trailing = st.builds(
    Trailing, engagement_rate_pct=rates, genuine_users=rates, bot_share=st.none() | st.floats(0, 1)
)
any_post = st.builds(
    PostFacts,
    publish_time=st.none() | st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    time_zone=st.sampled_from(ZONES),
    complexity=st.none() | st.integers(0, 4),
    state=maybe_enum,
    confidence=st.none() | st.integers(0, 4),
    validation=st.none() | st.integers(0, 4),
    agent_assigned=st.none() | st.booleans(),
    platform=maybe_enum,
    media_type=maybe_enum,
    prompt_length=counts,
    caption_length=counts,
    hashtag_count=counts,
    call_to_action=st.none() | st.booleans(),
    content_category=st.none() | st.sampled_from(["product", "Product ", "action", "", "  ", "ÜBER"]),
    followers=counts,
    trailing=any_trailing,
)
