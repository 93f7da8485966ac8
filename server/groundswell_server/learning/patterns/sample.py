"""A sample of posts as columns, in which patterns are found."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np

from groundswell_server.learning.patterns.residuals import Array
from groundswell_storage.engagement.pattern_rows import PostRecord

DAY_PARTS = ("night", "early morning", "morning", "afternoon", "early evening", "late evening")
"""The hours 0 to 3, 4 to 7, 8 to 11, 12 to 15, 16 to 19 and 20 to 23 in the persona's time zone."""


@dataclass(frozen=True, slots=True)
class Sample:
    """n posts with a known rate at the target age."""

    posts: Sequence[PostRecord]
    rates: Array
    """(n,) genuine engagement rate at the target age, percent."""
    local: Sequence[datetime]
    """n times of publication in the time zones of the personas."""

    def __len__(self) -> int:
        return len(self.posts)

    @property
    def accounts(self) -> list[tuple[Hashable, ...]]:
        """The persona and platform of each post."""
        return [(post.persona_id, post.platform) for post in self.posts]

    @property
    def formats(self) -> list[Hashable]:
        """The media type of each post."""
        return [post.media_type for post in self.posts]

    @property
    def slots(self) -> list[Hashable]:
        """The time slot of each post: the part of the day, and true on a weekend."""
        return [(day_part(time.hour), time.weekday() >= 5) for time in self.local]

    @property
    def hashtags(self) -> list[Sequence[str]]:
        """The hashtags of each post."""
        return [post.hashtags for post in self.posts]


def sample_of(records: Iterable[PostRecord]) -> Sample:
    """Returns the sample of the posts with a known rate at the target age; younger posts are left out."""
    posts = [post for post in records if post.aged_rate_pct is not None]
    rates = np.array([post.aged_rate_pct for post in posts], dtype=np.float64)
    return Sample(posts, rates, [local_time(post.publish_time, post.time_zone) for post in posts])


def local_time(time: datetime, time_zone: str) -> datetime:
    """Converts a time to an IANA time zone."""
    return time.astimezone(_zone(time_zone))


def day_part(hour: int) -> str:
    """Returns the part of the day of an hour; see `DAY_PARTS`."""
    return DAY_PARTS[hour // 4]


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
