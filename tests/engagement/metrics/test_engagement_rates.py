from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell_server.engagement.metrics.engagement_rates import Counts, KindTally, genuine_engagement
from groundswell_storage.engagement.enums import InteractionKind, Platform, RateBase
from groundswell_storage.errors import InvalidArgument

DAY = timedelta(days=1)
COMMENTS = KindTally(InteractionKind.COMMENT, genuine=60, bots=20, personas=0)


def test_the_rate_is_genuine_engagement_over_reach() -> None:
    counts = Counts(likes=400, comments=50, shares=30, saves=20, reach=10_000, impressions=20_000)

    found = genuine_engagement(counts, Platform.INSTAGRAM)

    assert found.engagement_rate_pct == 5.0
    assert (found.rate_base, found.base_count) == (RateBase.REACH, 10_000)


@pytest.mark.parametrize(
    ("platform", "counts", "base"),
    [
        (Platform.TIKTOK, Counts(likes=10, views=100), RateBase.VIEWS),
        (Platform.TWITTER, Counts(likes=10, impressions=100, views=50), RateBase.IMPRESSIONS),
        (Platform.TWITTER, Counts(likes=10, views=100), RateBase.VIEWS),
        (Platform.INSTAGRAM, Counts(likes=10, reach=100), RateBase.REACH),
    ],
)
def test_where_a_platform_reports_no_reach_the_base_is_named(
    platform: Platform, counts: Counts, base: RateBase
) -> None:
    found = genuine_engagement(counts, platform)

    assert (found.rate_base, found.engagement_rate_pct) == (base, 10.0)


@pytest.mark.parametrize("counts", [Counts(likes=10), Counts(likes=10, impressions=100), Counts(likes=10, reach=0)])
def test_where_reach_is_unknown_the_rate_is_absent_and_not_zero(counts: Counts) -> None:
    assert genuine_engagement(counts, Platform.INSTAGRAM).engagement_rate_pct is None


def test_kinds_without_single_interactions_take_the_bot_share_of_those_that_have() -> None:
    found = genuine_engagement(Counts(likes=1000, comments=80, shares=40, reach=5000), Platform.FACEBOOK, [COMMENTS])

    assert (found.likes, found.comments, found.shares, found.saves) == (750, 60, 30, None)
    assert found.bots_filtered == 280
    assert found.genuine_ratio == 0.75
    assert not found.estimated


def test_a_kind_that_is_known_in_part_is_scaled_to_its_count() -> None:
    found = genuine_engagement(Counts(comments=800), Platform.FACEBOOK, [COMMENTS])

    assert found.comments == 600


def test_personas_are_taken_out_where_they_were_seen() -> None:
    tally = KindTally(InteractionKind.COMMENT, genuine=45, bots=0, personas=5)

    found = genuine_engagement(Counts(likes=100, comments=50), Platform.FACEBOOK, [tally])

    assert (found.likes, found.comments, found.personas_filtered, found.bots_filtered) == (100, 45, 5, 0)


def test_of_a_half_the_persons_favour_is_the_greater_and_nobody_counts_twice() -> None:
    """Two of three comments are known, a person's and a persona's; the third is half of each."""
    tally = KindTally(InteractionKind.COMMENT, genuine=1, bots=0, personas=1)

    found = genuine_engagement(Counts(likes=9, comments=3), Platform.FACEBOOK, [tally])

    assert (found.comments, found.personas_filtered, found.bots_filtered) == (2, 1, 0)
    scaled = genuine_engagement(Counts(comments=200), Platform.FACEBOOK, [replace(tally, genuine=3)])
    assert (scaled.comments, scaled.personas_filtered) == (150, 50)
    shares = genuine_engagement(Counts(likes=9), Platform.FACEBOOK, trailing_bot_share=0.5)
    assert shares.likes == 5


def test_without_interactions_the_trailing_bot_share_is_applied_and_said() -> None:
    found = genuine_engagement(Counts(likes=200, reach=1000), Platform.FACEBOOK, trailing_bot_share=0.1)

    assert (found.likes, found.engagement_rate_pct, found.estimated) == (180, 18.0, True)


def test_known_interactions_outrank_the_trailing_share() -> None:
    found = genuine_engagement(Counts(comments=80), Platform.FACEBOOK, [COMMENTS], trailing_bot_share=0.9)

    assert (found.comments, found.estimated) == (60, False)


def test_without_any_history_nothing_is_taken_out() -> None:
    found = genuine_engagement(Counts(likes=200), Platform.FACEBOOK)

    assert (found.likes, found.genuine_ratio, found.estimated) == (200, 1.0, False)


def test_what_is_unknown_stays_unknown() -> None:
    found = genuine_engagement(Counts(reach=100), Platform.INSTAGRAM)

    assert (found.likes, found.comments, found.shares, found.saves) == (None, None, None, None)
    assert (found.engagement_rate_pct, found.genuine_ratio) == (0.0, None)


_COUNT = st.none() | st.integers(0, 10**9)
_TALLY = st.builds(
    KindTally,
    st.sampled_from([kind for kind in InteractionKind if kind]),
    st.integers(0, 1000),
    st.integers(0, 1000),
    st.integers(0, 1000),
)


@given(st.builds(Counts, _COUNT, _COUNT, _COUNT, _COUNT), st.lists(_TALLY, max_size=4), st.none() | st.floats(0, 1))
def test_genuine_bots_and_personas_add_up_to_the_whole(
    counts: Counts, tallies: list[KindTally], share: float | None
) -> None:
    found = genuine_engagement(counts, Platform.INSTAGRAM, tallies, share)

    assert found.genuine_total + found.bots_filtered + found.personas_filtered == found.total
    assert min(found.genuine_total, found.bots_filtered, found.personas_filtered) >= 0
    for genuine, reported in [(found.likes, counts.likes), (found.comments, counts.comments)]:
        assert (genuine is None) == (reported is None)
        assert genuine is None or reported is None or 0 <= genuine <= reported


@pytest.mark.parametrize(
    ("counts", "field"),
    [
        (Counts(likes=-1), "metrics.likes"),
        (Counts(reach=-5), "metrics.reach"),
        (Counts(likes=101, impressions=100), "metrics.likes"),
        (Counts(likes=101, views=100), "metrics.likes"),
    ],
)
def test_counts_that_cannot_be_are_refused_by_name(counts: Counts, field: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        counts.validate(Platform.TIKTOK)

    assert [violation.field for violation in refused.value.fields] == [field]
    assert refused.value.reason == "METRICS_IMPOSSIBLE"


def test_all_who_saw_it_may_like_it() -> None:
    Counts(likes=100, impressions=100).validate(Platform.INSTAGRAM)


def test_more_reach_than_impressions_is_what_exports_hold() -> None:
    Counts(likes=5, reach=37_088, impressions=10_966).validate(Platform.FACEBOOK)
