"""The UCI "Facebook metrics" data: posts of one cosmetics page in 2014, separated by semicolons.

S. Moro, P. Rita, B. Vala, "Predicting social media performance metrics and evaluation of the impact on brand building",
Journal of Business Research 69, 2016; data at UCI under CC BY 4.0. Each row has the month, weekday and hour of a post,
its reach and its counts; persona, captions and dates are not in it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from groundswell_server.cli.post_files import values
from groundswell_server.cli.post_files.drafts import PostDraft, RowFault
from groundswell_server.cli.post_files.values import Row
from groundswell_server.engagement.metrics.engagement_rates import Counts
from groundswell_storage.engagement.enums import MediaType, Platform

PERSONA: Final = "cosmetics page"
YEAR: Final = 2014
FETCH_AGE: Final = timedelta(days=7)

SIGNATURE: Final = frozenset({"Page_T_Likes", "Type", "Category", "Month", "Weekday", "Hour", "T_Reach"})
"""Columns that identify such a file."""

_FULL_NAMES: Final = {
    "Page total likes": "Page_T_Likes",
    "Post Month": "Month",
    "Post Weekday": "Weekday",
    "Post Hour": "Hour",
    "Lifetime Post Total Reach": "T_Reach",
    "Lifetime Post Total Impressions": "T_Impression",
    "Lifetime Post Consumptions": "Consumption",
}
"""The names of the columns in UCI's own file."""

_MEDIA: Final = {
    "Photo": MediaType.IMAGE,
    "Status": MediaType.TEXT,
    "Link": MediaType.LINK,
    "Video": MediaType.VIDEO,
}
_CATEGORIES: Final = {"1": "action", "2": "product", "3": "inspiration"}
"""As in the paper: special offers and contests; the brand's products; what is not explicitly the brand's."""

ASSUMPTIONS: Final = (
    f'the persona is called "{PERSONA}"',
    f"the year is {YEAR}, and each post went out in the first week of its month that its weekday fits in (1 is Monday)",
    "hours are taken as UTC",
    f"the counts are those of {FETCH_AGE.days} days after publication",
    "the number of the row stands for the id on the platform",
    "captions and hashtags are not in the data and stay unknown, as do empty counts",
)
"""Assumptions where the data has gaps."""


def column_name(name: str) -> str:
    """Returns the short name of a column."""
    return _FULL_NAMES.get(name, name)


def published_time(month: int, weekday: int, hour: int) -> datetime:
    """The hour on the first day of the month that is this weekday, 1 being Monday.

    That is Monday of the first week that fits, plus weekday - 1 days.

    >>> published_time(12, 4, 3).isoformat()
    '2014-12-04T03:00:00+00:00'
    """
    first = date(YEAR, month, 1)
    day = first + timedelta(days=(weekday - 1 - first.weekday()) % 7)
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def draft(row: Row, line: int, number: int) -> PostDraft:
    """Returns the post of a row; `number` counts rows from 1. Raises RowFault for an invalid column."""
    row = {column_name(name): value for name, value in row.items()}
    published = published_time(
        values.number_in(row, "Month", 1, 12),
        values.number_in(row, "Weekday", 1, 7),
        values.number_in(row, "Hour", 0, 23),
    )
    kind, category = values.text(row, "Type"), values.text(row, "Category")
    if kind and kind not in _MEDIA:
        raise RowFault("Type", f"{kind!r} is not one of {', '.join(_MEDIA)}")
    return PostDraft(
        line=line,
        persona_name=PERSONA,
        platform=Platform.FACEBOOK,
        platform_post_id=f"facebook-metrics-{number}",
        publish_time=published,
        category=_CATEGORIES.get(category, category),
        media_type=_MEDIA.get(kind, MediaType.UNSPECIFIED),
        attributes=_attributes(row),
        counts=Counts(
            likes=values.count(row, "like"),
            comments=values.count(row, "comment"),
            shares=values.count(row, "share"),
            clicks=values.count(row, "Consumption"),
            impressions=values.count(row, "T_Impression"),
            reach=values.count(row, "T_Reach"),
        ),
        fetch_time=published + FETCH_AGE,
        follower_count=values.count(row, "Page_T_Likes"),
        time_zone="UTC",
    )


def _attributes(row: Row) -> dict[str, Any]:
    """Returns the known attributes: whether the post was paid for."""
    paid = values.count(row, "Paid")
    return {} if paid is None else {"paid": bool(paid)}
