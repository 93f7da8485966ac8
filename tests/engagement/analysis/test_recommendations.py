from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell_server.engagement.analysis.filtered_counts import FilteredCount
from groundswell_server.engagement.analysis.performing_elements import PublishedPost, performing_elements
from groundswell_server.engagement.analysis.recommendations import MAX_OF_A_KIND, PostFigures, analyze_post
from groundswell_storage.engagement.enums import MediaType, RateBase, Verdict

WEEK = timedelta(days=7)
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def post(
    rate: float | None = 3.0,
    hour: int = 12,
    tags: Sequence[str] = (),
    media: MediaType = MediaType.IMAGE,
    length: int | None = 100,
) -> PublishedPost:
    return PublishedPost(NOON.replace(hour=hour), tags, media, length, rate)


def figures(
    total: int = 1374,
    genuine: int = 1175,
    rate: float | None = 7.65,
    base: RateBase = RateBase.REACH,
    estimated: bool = False,
    against: float | None = 45.2,
    average: float | None = 5.27,
    compared: int = 12,
) -> PostFigures:
    return PostFigures(total, genuine, rate, base, estimated, against, average, compared)


EVENINGS = [post(rate=6.0 + 0.1 * n, hour=18, tags=["sunset"]) for n in range(6)]
MORNINGS = [post(rate=2.0 + 0.1 * n, hour=8) for n in range(6)]


def said(analyzed: PublishedPost, past: Sequence[PublishedPost], of: PostFigures | None = None) -> str:
    return "\n".join(analyze_post(analyzed, of or figures(), past, [], "UTC", WEEK).recommendations)


def test_elements_carry_their_figures_best_first() -> None:
    elements = performing_elements([*EVENINGS, *MORNINGS], ZoneInfo("UTC"))

    evening = next(element for element in elements if element.value == "18:00")
    assert (evening.kind, evening.sample_size) == ("hour", 6)
    assert evening.mean_rate_pct == pytest.approx(6.25)
    assert evening.other_mean_rate_pct == pytest.approx(2.25)
    assert [element.mean_rate_pct for element in elements] == sorted(
        (element.mean_rate_pct for element in elements), reverse=True
    )


def test_hours_are_those_of_the_persona() -> None:
    [hour, *_] = performing_elements([post(hour=22)], ZoneInfo("Asia/Tokyo"))

    assert hour.value == "07:00"


def test_what_all_posts_have_has_nothing_to_be_compared_with() -> None:
    image = next(e for e in performing_elements(EVENINGS, ZoneInfo("UTC")) if e.kind == "format")

    assert image.other_mean_rate_pct is None
    assert not image.is_clear


def test_a_clearly_better_hour_is_recommended_with_its_figures() -> None:
    text = said(post(rate=2.2, hour=8), [*EVENINGS, *MORNINGS])

    assert "Post at 18:00: 6 posts with it average 6.25%" in text


def test_what_already_does_well_is_kept() -> None:
    assert "Keep to 18:00" in said(post(rate=6.3, hour=18, tags=["sunset"]), [*EVENINGS, *MORNINGS])


def test_nothing_is_recommended_on_few_posts() -> None:
    text = said(post(rate=2.0, hour=8), [*EVENINGS[:3], *MORNINGS[:3]])

    assert "18:00" not in text
    assert "6 other posts with a rate" in text


def test_a_difference_within_the_noise_is_not_recommended() -> None:
    noisy = [post(rate=rate, hour=hour) for hour in (8, 18) for rate in (0.5, 9.0, 1.0, 8.0, 4.0 + hour / 10)]

    assert "Post at" not in said(post(hour=3), noisy)


def test_the_rate_is_set_against_the_average() -> None:
    text = said(post(), [])

    assert "7.65% of reach against 5.27% on average over 12 posts" in text
    assert "+45%" in text


def test_few_compared_post_count_conclude_nothing() -> None:
    assert "too few posts" in said(post(), [], figures(compared=2))


def test_a_missing_base_is_reported() -> None:
    missing = figures(rate=None, base=RateBase.UNSPECIFIED, against=None, average=None)

    assert "The reach is unknown" in said(post(rate=None), [], missing)


def test_an_estimated_bot_share_is_reported() -> None:
    assert "bot share is estimated from earlier posts" in said(post(), [], figures(estimated=True))


def test_many_hashtags_do_not_crowd_out_the_hours() -> None:
    past = [post(rate=5.0 + n, hour=18, tags=[f"tag{n}"]) for n in range(40)]

    found = analyze_post(post(rate=1.0, hour=8), figures(), past, [], "UTC", WEEK).elements

    kinds = [element.kind for element in found]
    assert kinds.count("hashtag") == MAX_OF_A_KIND
    assert {"hour", "format", "length"} <= set(kinds)
    assert [element.value for element in found if element.kind == "hashtag"][:2] == ["tag39", "tag38"]


def test_what_was_filtered_is_sorted_and_named() -> None:
    filtered = [FilteredCount(Verdict.BOT, "BURST", 12), FilteredCount(Verdict.BOT, "FOLLOW_PLEA", 150)]

    found = analyze_post(post(), figures(), [], filtered, "UTC", WEEK)

    assert [count.reason for count in found.filtered] == ["FOLLOW_PLEA", "BURST"]
    assert any(
        "199 of 1,374 interactions (14%)" in text and "follow plea (150)" in text for text in found.recommendations
    )


_POSTS = st.lists(
    st.builds(
        post,
        rate=st.none() | st.floats(0, 100),
        hour=st.integers(0, 23),
        tags=st.lists(st.sampled_from("abc"), max_size=3),
        length=st.none() | st.integers(0, 3000),
    ),
    max_size=25,
)


@given(_POSTS)
def test_the_means_with_and_without_make_up_the_mean_of_all(posts: list[PublishedPost]) -> None:
    rates = [found.rate_pct for found in posts if found.rate_pct is not None]
    for element in performing_elements(posts, ZoneInfo("UTC")):
        others = len(rates) - element.sample_size
        total = element.mean_rate_pct * element.sample_size + (element.other_mean_rate_pct or 0.0) * others
        assert total == pytest.approx(sum(rates), abs=1e-6)
        assert (element.other_mean_rate_pct is None) == (others == 0)
