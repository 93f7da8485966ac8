"""Posts as columns: what patterns are found in."""

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
"""0 to 3, 4 to 7, 8 to 11, 12 to 15, 16 to 19 and 20 to 23 hours, on the persona's clock."""


@dataclass(frozen=True, slots=True)
class Sample:
    """n posts whose rate at the target age is known."""

    posts: Sequence[PostRecord]
    rates: Array
    """(n,) genuine engagement rate at the target age, percent."""
    local: Sequence[datetime]
    """n times of publication on the clocks of the personas."""

    def __len__(self) -> int:
        return len(self.posts)

    @property
    def accounts(self) -> list[tuple[Hashable, ...]]:
        """Persona and platform of each."""
        return [(post.persona_id, post.platform) for post in self.posts]

    @property
    def formats(self) -> list[Hashable]:
        """Media type of each."""
        return [post.media_type for post in self.posts]

    @property
    def slots(self) -> list[Hashable]:
        """Time slot of each: part of the day, on a working day or on the weekend."""
        return [(day_part(time.hour), time.weekday() >= 5) for time in self.local]

    @property
    def hashtags(self) -> list[Sequence[str]]:
        """Hashtags of each."""
        return [post.hashtags for post in self.posts]


def sample_of(records: Iterable[PostRecord]) -> Sample:
    """The posts whose rate at the target age is known; the others wait."""
    posts = [post for post in records if post.aged_rate_pct is not None]
    rates = np.array([post.aged_rate_pct for post in posts], dtype=np.float64)
    return Sample(posts, rates, [local_time(post.publish_time, post.time_zone) for post in posts])


def local_time(time: datetime, time_zone: str) -> datetime:
    """A time on the clock of an IANA zone."""
    return time.astimezone(_zone(time_zone))


def day_part(hour: int) -> str:
    """The part of the day of an hour: see `DAY_PARTS`."""
    return DAY_PARTS[hour // 4]


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
