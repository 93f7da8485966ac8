"""What goes by general rules where no model has anything to say: a score of 50 plus or minus points.

The rules are customs of the trade, not findings: whoever uses them says so. The table below is the documentation.

| rule | points |
|---|---|
| published from 10:00 to 21:59 | +8, at other hours -8 |
| 5 to 10 hashtags | +8, 3 or 4 and 11 to 15 +2, under 3 -6, over 15 -10 |
| caption of 50 to 500 characters | +6, shorter -4, longer -4 |
| picture, carousel or video | +10, text or link alone -6 |
| call to action | +6, none -2 |
| the persona's trailing rate at 5% or more | +12, 2% to under 5% +4, below -8 |

What is unknown gives no points and takes none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from groundswell_server.learning.features.post_facts import PostFacts
from groundswell_server.learning.features.post_features import FEATURES, feature_values

START = 50.0
BEST_HOURS = range(10, 22)
BEST_HASHTAGS = range(5, 11)
FEWEST_HASHTAGS, MOST_HASHTAGS = 3, 15
BEST_LENGTH = range(50, 501)
WITH_MEDIA = frozenset({2, 3, 4})
"""Media types that show something: image, carousel, video."""
_WITHOUT_MEDIA = frozenset({1, 5})
_HIGH_RATE_PCT, _FAIR_RATE_PCT = 5.0, 2.0
_HOUR = FEATURES.index("hour")


@dataclass(frozen=True, slots=True)
class RulePoints:
    """What one rule gives a piece of content."""

    rule: str
    """What it is about, such as `hashtags`."""
    points: float
    reason: str
    """Why, in words."""


@dataclass(frozen=True, slots=True)
class RuleScore:
    """A score by rules."""

    score: float
    """0 to 100."""
    points: tuple[RulePoints, ...]


def rule_score(facts: PostFacts) -> RuleScore:
    """Scores a piece of content by the rules above."""
    points = tuple(found for rule in _RULES if (found := rule(facts)) is not None)
    return RuleScore(min(max(START + sum(one.points for one in points), 0.0), 100.0), points)


def _hour(facts: PostFacts) -> RulePoints | None:
    if facts.published_time is None:
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
    if count < FEWEST_HASHTAGS:
        return RulePoints("hashtags", -6.0, f"{count} hashtags, under 3")
    if count > MOST_HASHTAGS:
        return RulePoints("hashtags", -10.0, f"{count} hashtags, over 15")
    return RulePoints("hashtags", 2.0, f"{count} hashtags, near the usual 5 to 10")


def _length(facts: PostFacts) -> RulePoints | None:
    length = facts.caption_length
    if length is None:
        return None
    if length in BEST_LENGTH:
        return RulePoints("caption_length", 6.0, f"{length} characters, between 50 and 500")
    return RulePoints("caption_length", -4.0, f"{length} characters, outside 50 to 500")


def _media(facts: PostFacts) -> RulePoints | None:
    if facts.media_type in WITH_MEDIA:
        return RulePoints("media", 10.0, "shows something; that customarily brings 30-40%")
    if facts.media_type in _WITHOUT_MEDIA:
        return RulePoints("media", -6.0, "shows nothing; media customarily bring 30-40%")
    return None


def _call_to_action(facts: PostFacts) -> RulePoints | None:
    if facts.call_to_action is None:
        return None
    if facts.call_to_action:
        return RulePoints("call_to_action", 6.0, "asks its readers for something; that customarily brings 10-15%")
    return RulePoints("call_to_action", -2.0, "asks for no comment, save or visit; asking customarily brings 10-15%")


def _trailing_rate(facts: PostFacts) -> RulePoints | None:
    rate = facts.trailing.engagement_rate_pct
    if rate is None:
        return None
    points = 12.0 if rate >= _HIGH_RATE_PCT else 4.0 if rate >= _FAIR_RATE_PCT else -8.0
    return RulePoints("trailing_rate", points, f"the persona's posts of the last 30 days reached {rate:.1f}%")


_RULES: tuple[Callable[[PostFacts], RulePoints | None], ...] = (
    _hour,
    _hashtags,
    _length,
    _media,
    _call_to_action,
    _trailing_rate,
)
