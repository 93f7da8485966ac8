"""What is known of a post before it is posted, and what models learn from.

`PostFacts` has no field for an outcome, and features are computed from it alone: a rate that is only known
afterwards has no way into a prediction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Trailing:
    """How a persona did on a platform in the 30 days before a post, by snapshots fetched before it."""

    engagement_rate_pct: float | None = None
    """Mean genuine engagement rate, percent."""
    genuine_users: float | None = None
    """Mean number of genuine interactions a post."""
    bot_share: float | None = None
    """Mean share of bots among interactions, 0 to 1."""


UNKNOWN_TRAILING = Trailing()


class PostFacts(NamedTuple):
    """All that is known of a post before posting; what is None is unknown.

    A tuple, because one is made for every prediction: a frozen dataclass of so many fields takes five times as long.
    Enums are the contract's numbers, and 0 is unknown too. The context's fields are those of the snapshot taken at
    posting: metrics change the context later, so today's state would give the outcome away.
    """

    published_time: datetime | None = None
    """When it is or will be published; aware."""
    time_zone: str = "UTC"
    """IANA name of the persona's time zone, in which hour and weekday count."""
    complexity: int | None = None
    """1 low to 4 critical."""
    state: int | None = None
    """`ContextState` of the contract."""
    confidence: int | None = None
    """1 uncertain to 4 validated."""
    validation: int | None = None
    """`Validation` of the contract."""
    agent_assigned: bool | None = None
    platform: int | None = None
    """`Platform` of the contract."""
    media_type: int | None = None
    """`MediaType` of the contract."""
    prompt_length: int | None = None
    """Characters."""
    caption_length: int | None = None
    """Characters."""
    hashtag_count: int | None = None
    call_to_action: bool | None = None
    content_category: str | None = None
    """Free text such as `product`; upper and lower case are the same."""
    followers: int | None = None
    """Of the persona on the platform, at posting."""
    trailing: Trailing = UNKNOWN_TRAILING


@dataclass(frozen=True, slots=True)
class Example:
    """A past post to learn from: what was known before, and what came of it."""

    facts: PostFacts
    outcome: float
    """Genuine engagement rate at the fixed age, percent."""
    known_time: datetime
    """When that rate was measured; aware. No model that predicts earlier posts may have seen it."""
    persona_id: str = ""
    post_id: str = ""
