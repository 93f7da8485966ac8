"""Virality alerts are sent once, with their figures, to present and to later watchers."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice

import pytest

from groundswell.v1 import engagement_pb2
from groundswell.v1.engagement_pb2_grpc import EngagementServiceStub
from tests.engagement.calls.test_watch_calls import beginning, watching
from tests.engagement.recorded_data import TIKTOK, ago, import_rows, imported, make_persona, make_post, measure

DAY = timedelta(days=1)


def past_posts(stub: EngagementServiceStub, persona_id: str, count: int, **fields: int) -> None:
    """Posts of a month ago: 2.1%, 2.2%, ... of a reach of 1000 after a day, which has doubled after a week."""
    for number in range(count):
        published = ago(days=40 - number / 10)
        post = make_post(stub, persona_id, publish_time=published, **fields)
        measure(stub, post.id, published + DAY, likes=21 + number, reach=1000)
        measure(stub, post.id, published + 7 * DAY, likes=45 + 2 * number, reach=2000 + 10 * number)


def alerts_of(stub: EngagementServiceStub, cursor: str) -> list[engagement_pb2.ViralityAlert]:
    """The alerts from a cursor on; the post of a further persona marks the end."""
    mark = make_post(stub, make_persona(stub, "Mark").id)
    told = []
    with watching(stub, cursor) as stream:
        for change in stream:
            if change.HasField("virality_alert"):
                told.append(change.virality_alert)
            if change.post.id == mark.id:
                break
    return told


def test_a_post_above_the_95th_percentile_raises_an_alert(engagement: EngagementServiceStub, persona_id: str) -> None:
    past_posts(engagement, persona_id, 20)
    published = ago(days=1)
    post = make_post(engagement, persona_id, publish_time=published)
    start = beginning(engagement)
    measure(engagement, post.id, published + 0.99 * DAY, likes=90, reach=1500)
    (alert,) = alerts_of(engagement, start)
    assert (alert.post_id, alert.persona_id, alert.platform) == (post.id, persona_id, post.platform)
    assert alert.engagement_rate_pct == pytest.approx(6.0)
    assert alert.threshold_pct == pytest.approx(3.905), "2.1 to 4.0: the 95th percentile lies at 19 * 0.95 = 18.05"
    assert (alert.compared_post_count, alert.platform_wide) == (20, False)
    assert alert.age.ToTimedelta() == 0.99 * DAY
    assert alert.rate_base == engagement_pb2.RATE_BASE_REACH
    assert alert.projected_age.ToTimedelta() == 7 * DAY
    reach = alert.projected_reach
    assert reach.value == pytest.approx(1500 * 2.095)
    assert (reach.interval.lower, reach.interval.upper) == pytest.approx((1500 * 2.0, 1500 * 2.19))
    assert reach.interval.level == pytest.approx(1 - 2 / 21)
    assert reach.sample_size == 20


def test_one_that_does_as_others_do_is_not(engagement: EngagementServiceStub, persona_id: str) -> None:
    past_posts(engagement, persona_id, 20)
    published = ago(days=1)
    post = make_post(engagement, persona_id, publish_time=published)
    start = beginning(engagement)
    measure(engagement, post.id, published + 0.99 * DAY, likes=39, reach=1000)
    assert alerts_of(engagement, start) == []


def test_an_alert_is_raised_once(engagement: EngagementServiceStub, persona_id: str) -> None:
    past_posts(engagement, persona_id, 20)
    published = ago(days=2)
    post = make_post(engagement, persona_id, publish_time=published)
    start = beginning(engagement)
    for days in (1.0, 1.5):
        measure(engagement, post.id, published + days * DAY, likes=90, reach=1000)
    assert len(alerts_of(engagement, start)) == 1


def test_ages_are_equal(engagement: EngagementServiceStub, persona_id: str) -> None:
    """A rate that is high for a post of a day, but not for one of a week."""
    past_posts(engagement, persona_id, 20)
    start = beginning(engagement)
    post = make_post(engagement, persona_id, publish_time=ago(days=30))
    measure(engagement, post.id, ago(days=20), likes=900, reach=1000)
    assert alerts_of(engagement, start) == [], "nobody knows what posts have after ten days"


def test_with_fewer_than_twenty_posts_of_its_own_the_platforms_count(
    engagement: EngagementServiceStub, persona_id: str
) -> None:
    past_posts(engagement, make_persona(engagement, "Other").id, 25)
    past_posts(engagement, persona_id, 3)
    published = ago(days=1)
    post = make_post(engagement, persona_id, publish_time=published)
    start = beginning(engagement)
    measure(engagement, post.id, published + 0.99 * DAY, likes=90, reach=1000)
    (alert,) = alerts_of(engagement, start)
    assert alert.platform_wide
    assert alert.compared_post_count == 28


def test_below_twenty_posts_no_alert_is_raised(engagement: EngagementServiceStub, persona_id: str) -> None:
    past_posts(engagement, persona_id, 19)
    published = ago(days=1)
    post = make_post(engagement, persona_id, publish_time=published)
    start = beginning(engagement)
    measure(engagement, post.id, published + 0.99 * DAY, likes=900, reach=1000)
    assert alerts_of(engagement, start) == []


def test_views_are_projected_where_there_is_no_reach(engagement: EngagementServiceStub, persona_id: str) -> None:
    for number in range(20):
        published = ago(days=40 - number / 10)
        past = make_post(engagement, persona_id, platform=TIKTOK, publish_time=published)
        measure(engagement, past.id, published + DAY, likes=21 + number, views=1000)
    published = ago(days=1)
    post = make_post(engagement, persona_id, platform=TIKTOK, publish_time=published)
    start = beginning(engagement)
    measure(engagement, post.id, published + 0.99 * DAY, likes=90, views=1000)
    (alert,) = alerts_of(engagement, start)
    assert alert.rate_base == engagement_pb2.RATE_BASE_VIEWS
    assert not alert.HasField("projected_reach"), "of none of them is known what it had after a week"


def test_imported_posts_are_history(engagement: EngagementServiceStub) -> None:
    rows = []
    for number in range(30):
        published = ago(days=60 - number)
        counts = engagement_pb2.Metrics(likes=900 if number == 29 else 20 + number % 3, reach=1000)
        rows.append(imported(number, publish_time=published, metrics=counts, fetch_time=published + 7 * DAY))
    start = beginning(engagement)
    import_rows(engagement, rows)
    assert alerts_of(engagement, start) == []


def test_a_watcher_resumes_after_its_cursor(
    engagement: EngagementServiceStub, stranger: EngagementServiceStub, persona_id: str
) -> None:
    past_posts(engagement, persona_id, 20)
    published = ago(days=1)
    start, elsewhere = beginning(engagement), beginning(stranger)
    posts = [make_post(engagement, persona_id, publish_time=published) for _ in range(2)]
    for post in posts:
        measure(engagement, post.id, published + 0.99 * DAY, likes=90, reach=1000)
    with watching(engagement, start, post_ids=[posts[0].id]) as stream:
        first = next(change for change in stream if change.HasField("virality_alert"))
    with watching(engagement, first.cursor, persona_ids=[persona_id]) as stream:
        second = next(change for change in stream if change.HasField("virality_alert"))
    assert [first.virality_alert.post_id, second.virality_alert.post_id] == [post.id for post in posts]
    theirs = make_post(stranger, make_persona(stranger).id)
    with watching(stranger, elsewhere) as stream:
        (change,) = islice(stream, 1)
    assert change.post.id == theirs.id
