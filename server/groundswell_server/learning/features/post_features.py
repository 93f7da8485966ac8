"""The 18 features of a post, all known before it is posted.

`extract` converts facts to numbers with the same meaning for every model; NaN is unknown. The `Encoder` of each model
derives its columns from them (medians, flags, numbers of categories).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from groundswell_server.learning.features.post_facts import PostFacts

FEATURES = (
    "hour",
    "weekday",
    "complexity",
    "state",
    "confidence",
    "validation",
    "agent_assigned",
    "platform",
    "media_type",
    "prompt_length",
    "caption_length",
    "hashtag_count",
    "call_to_action",
    "content_category",
    "log_followers",
    "trailing_engagement_rate",
    "trailing_genuine_users",
    "trailing_bot_share",
)
"""The names of the columns.

Hour is 0 to 23 and weekday 0 (Monday) to 6 in the persona's time zone; complexity, confidence and validation are
ranks (rejected 0, pending 1, conditionally approved 2, approved 3); state, platform and media type are the contract's
numbers and nominal; lengths are in characters; `log_followers` is ln(1 + followers).
"""

CATEGORY = FEATURES.index("content_category")
"""The column of the category. It is always NaN here: the text is in `FeatureRows.categories`, and each model numbers
the categories of its training posts."""

NOMINAL = ("state", "platform", "media_type", "content_category")
"""Nominal features, whose numbers have no order."""

_UNKNOWN = math.nan
_VALIDATION_RANK: dict[int | None, float] = {4: 0.0, 1: 1.0, 3: 2.0, 2: 3.0}


@dataclass(frozen=True, slots=True)
class FeatureRows:
    """The features of n posts."""

    values: NDArray[np.float64]
    """(n, 18), in the order of `FEATURES`; NaN is unknown."""
    categories: Sequence[str | None]
    """(n,) case-folded categories; None is unknown."""

    def __len__(self) -> int:
        return len(self.categories)

    def take(self, rows: NDArray[np.intp]) -> FeatureRows:
        """Returns the rows at these positions."""
        return FeatureRows(self.values[rows], [self.categories[row] for row in rows])


def extract(rows: Sequence[PostFacts]) -> FeatureRows:
    """Returns the features of posts."""
    values = np.array([feature_values(facts) for facts in rows], dtype=np.float64).reshape(len(rows), len(FEATURES))
    return FeatureRows(values, [category(facts) for facts in rows])


def category(facts: PostFacts) -> str | None:
    """Returns the normalised category, by which categories are compared; None if unknown."""
    return facts.content_category.strip().casefold() or None if facts.content_category else None


def feature_values(facts: PostFacts) -> tuple[float, ...]:
    """Returns the 18 features of one post; NaN is unknown.

    Raises ValueError for a time of publication without a time zone.
    """
    published, trailing = facts.publish_time, facts.trailing
    if published is None:
        hour = weekday = _UNKNOWN
    elif published.tzinfo is None:
        raise ValueError(f"publish_time must have a time zone, got {published}")
    else:
        local = published.astimezone(_zone(facts.time_zone))
        hour, weekday = local.hour, local.weekday()
    prompt, caption, hashtags = facts.prompt_length, facts.caption_length, facts.hashtag_count
    agent, action = facts.agent_assigned, facts.call_to_action
    rate, users, bots = trailing.engagement_rate_pct, trailing.genuine_users, trailing.bot_share
    return (
        hour,
        weekday,
        facts.complexity or _UNKNOWN,
        facts.state or _UNKNOWN,
        facts.confidence or _UNKNOWN,
        _VALIDATION_RANK.get(facts.validation, _UNKNOWN),
        _UNKNOWN if agent is None else agent,
        facts.platform or _UNKNOWN,
        facts.media_type or _UNKNOWN,
        _UNKNOWN if prompt is None else prompt,
        _UNKNOWN if caption is None else caption,
        _UNKNOWN if hashtags is None else hashtags,
        _UNKNOWN if action is None else action,
        _UNKNOWN,
        _UNKNOWN if facts.followers is None else math.log1p(facts.followers),
        _UNKNOWN if rate is None else rate,
        _UNKNOWN if users is None else users,
        _UNKNOWN if bots is None else bots,
    )


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
