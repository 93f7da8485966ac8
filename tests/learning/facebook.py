"""The 500 real posts of one Facebook page in 2014, as examples.

Source and license stand beside the data, in the demonstration. A month's posts stand in its first full week, because
the data give no day of the month; outcomes are known a week after publication.
"""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import groundswell_server
from groundswell_server.learning.features.post_facts import Example, PostFacts
from groundswell_server.learning.features.trailing_record import PastPost, TrailingRecord

TARGET_AGE = timedelta(days=7)
_DATA = Path(groundswell_server.__file__).parent / "cli" / "demo" / "data" / "facebook_metrics.csv"
_FACEBOOK = 2
_MEDIA = {"Status": 1, "Photo": 2, "Video": 4, "Link": 5}
_CATEGORIES = {"1": "action", "2": "product", "3": "inspiration"}


def read_examples() -> list[Example]:
    """All posts, oldest first."""
    with _DATA.open(newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter=";"))
    rows.sort(key=_published)
    past = [
        PastPost(str(place), _published(row), _published(row) + TARGET_AGE, _rate_pct(row), _reactions(row))
        for place, row in enumerate(rows)
    ]
    record = TrailingRecord(past)
    return [
        Example(
            PostFacts(
                publish_time=post.publish_time,
                platform=_FACEBOOK,
                media_type=_MEDIA[row["Type"]],
                content_category=_CATEGORIES[row["Category"]],
                followers=int(row["Page_T_Likes"]),
                trailing=record.at(post.publish_time),
            ),
            outcome=_rate_pct(row),
            known_time=post.known_time,
            persona_id="cosmetics page",
            post_id=post.post_id,
        )
        for row, post in zip(rows, past, strict=True)
    ]


def _published(row: dict[str, str]) -> datetime:
    first = datetime(2014, int(row["Month"]), 1, tzinfo=UTC)
    monday = first + timedelta(days=-first.weekday() % 7)
    return monday + timedelta(days=int(row["Weekday"]) - 1, hours=int(row["Hour"]))


def _reactions(row: dict[str, str]) -> float:
    return sum(float(row[kind] or 0) for kind in ("like", "comment", "share"))


def _rate_pct(row: dict[str, str]) -> float:
    return 100.0 * _reactions(row) / float(row["T_Reach"])
