"""Rule-based scores for workspaces without a live model: 50 plus or minus points.

The rules are common practice, not findings from the workspace's data, and answers mark them as such. This table
documents them:

| rule | points |
|---|---|
| published from 10:00 to 21:59 | +8, at other times -8 |
| 5 to 10 hashtags | +8, 3 or 4 and 11 to 15 +2, under 3 -6, over 15 -10 |
| caption of 50 to 500 characters | +6, shorter or longer -4 |
| image, carousel or video | +10, text or link -6 |
| call to action | +6, none -2 |
| the persona's trailing rate at 5% or more | +12, 2% to under 5% +4, below -8 |

Unknown facts neither add nor subtract points.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from groundswell_server.learning.features.post_facts import PostFacts
from groundswell_server.learning.features.post_features import FEATURES, feature_values
from groundswell_storage.engagement.enums import MediaType

START = 50.0
BEST_HOURS = range(10, 22)
BEST_HASHTAGS = range(5, 11)
MIN_HASHTAGS, MAX_HASHTAGS = 3, 15
BEST_LENGTH = range(50, 501)
WITH_MEDIA = frozenset({MediaType.IMAGE, MediaType.CAROUSEL, MediaType.VIDEO})
"""Visual media types."""
_WITHOUT_MEDIA = frozenset({MediaType.TEXT, MediaType.LINK})
_HIGH_RATE_PCT, _FAIR_RATE_PCT = 5.0, 2.0
_HOUR = FEATURES.index("hour")


@dataclass(frozen=True, slots=True)
class RulePoints:
    """The points that one rule gives to a piece of content."""

    rule: str
    """The name of the rule, such as `hashtags`."""
    points: float
    reason: str
    """The reason in words."""


@dataclass(frozen=True, slots=True)
class RuleScore:
    """A rule-based score."""

    score: float
    """0 to 100."""
    points: tuple[RulePoints, ...]


def rule_score(facts: PostFacts) -> RuleScore:
    """Scores a piece of content by the rules above."""
    points = tuple(found for rule in _RULES if (found := rule(facts)) is not None)
    return RuleScore(min(max(START + sum(one.points for one in points), 0.0), 100.0), points)


def _hour(facts: PostFacts) -> RulePoints | None:
    if facts.publish_time is None:
        return None
    hour = int(feature_values(facts)[_HOUR])
    if hour in BEST_HOURS:
        return RulePoints("hour", 8.0, f"published at {hour}:00, between 10:00 and 21:59")
    return RulePoints("hour", -8.0, f"published at {hour}:00, outside 10:00 to 21:59")


def _hashtags(facts: PostFacts) -> RulePoints | None:
    count = facts.hashtag_count
    if count is None:
        return None
    if count in BEST_HASHTAGS:
        return RulePoints("hashtags", 8.0, f"{count} hashtags, between 5 and 10")
    if count < MIN_HASHTAGS:
        return RulePoints("hashtags", -6.0, f"{count} hashtags, under 3")
    if count > MAX_HASHTAGS:
        return RulePoints("hashtags", -10.0, f"{count} hashtags, over 15")
    return RulePoints("hashtags", 2.0, f"{count} hashtags, near the recommended 5 to 10")


def _length(facts: PostFacts) -> RulePoints | None:
    length = facts.caption_length
    if length is None:
        return None
    if length in BEST_LENGTH:
        return RulePoints("caption_length", 6.0, f"{length} characters, between 50 and 500")
    return RulePoints("caption_length", -4.0, f"{length} characters, outside 50 to 500")


def _media(facts: PostFacts) -> RulePoints | None:
    if facts.media_type in WITH_MEDIA:
        return RulePoints("media", 10.0, "visual media, usually credited with 30-40% more engagement")
    if facts.media_type in _WITHOUT_MEDIA:
        return RulePoints("media", -6.0, "no visual media, which are usually credited with 30-40% more engagement")
    return None


def _call_to_action(facts: PostFacts) -> RulePoints | None:
    if facts.call_to_action is None:
        return None
    if facts.call_to_action:
        return RulePoints("call_to_action", 6.0, "a call to action, usually credited with 10-15% more engagement")
    return RulePoints(
        "call_to_action", -2.0, "no call to action, which is usually credited with 10-15% more engagement"
    )


def _trailing_rate(facts: PostFacts) -> RulePoints | None:
    rate = facts.trailing.engagement_rate_pct
    if rate is None:
        return None
    points = 12.0 if rate >= _HIGH_RATE_PCT else 4.0 if rate >= _FAIR_RATE_PCT else -8.0
    return RulePoints(
        "trailing_rate", points, f"the persona's posts of the last 30 days have a mean rate of {rate:.1f}%"
    )


_RULES: tuple[Callable[[PostFacts], RulePoints | None], ...] = (
    _hour,
    _hashtags,
    _length,
    _media,
    _call_to_action,
    _trailing_rate,
)
