"""Facts about posts that are known before posting, and examples with their outcomes.

Features are computed from `PostFacts` alone, which has no field for an outcome. A rate that is only known afterwards
can therefore not leak into a prediction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Trailing:
    """The performance of a persona on a platform in the 30 days before a post, by snapshots fetched before it."""

    engagement_rate_pct: float | None = None
    """Mean genuine engagement rate, percent."""
    genuine_users: float | None = None
    """Mean number of genuine interactions per post."""
    bot_share: float | None = None
    """Mean share of bots among interactions, 0 to 1."""


UNKNOWN_TRAILING = Trailing()


class PostFacts(NamedTuple):
    """The facts about a post that are known before posting; None is unknown.

    It is a tuple, because every prediction creates one and a frozen dataclass of so many fields takes five times as
    long. Enums are the numbers of the contract, where 0 is unknown too. The context's fields are those of the snapshot
    taken at posting. Metrics change the context later, so its current state would leak the outcome.
    """

    publish_time: datetime | None = None
    """The actual or planned time of publication; aware."""
    time_zone: str = "UTC"
    """IANA name of the persona's time zone, which defines hour and weekday."""
    complexity: int | None = None
    """`Complexity` of the contract, 1 low to 4 critical."""
    state: int | None = None
    """`ContextState` of the contract."""
    confidence: int | None = None
    """`Confidence` of the contract, 1 uncertain to 4 validated."""
    validation: int | None = None
    """`Validation` of the contract."""
    agent_assigned: bool | None = None
    platform: int | None = None
    """`Platform` of the contract."""
    media_type: int | None = None
    """`MediaType` of the contract."""
    prompt_length: int | None = None
    """In characters."""
    caption_length: int | None = None
    """In characters."""
    hashtag_count: int | None = None
    call_to_action: bool | None = None
    content_category: str | None = None
    """Free text such as `product`, case-insensitive."""
    followers: int | None = None
    """Followers of the persona on the platform at posting."""
    trailing: Trailing = UNKNOWN_TRAILING


@dataclass(frozen=True, slots=True)
class Example:
    """A past post to train on: the facts known before posting, and the outcome."""

    facts: PostFacts
    outcome: float
    """Genuine engagement rate at the fixed age, percent."""
    known_time: datetime
    """The time at which the rate was measured; aware. A model that predicts earlier posts must not use it."""
    persona_id: str = ""
    post_id: str = ""
