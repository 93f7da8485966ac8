"""Names of learning's model types and labels, and the contract's enums by number and in words."""

from __future__ import annotations

ENGAGEMENT = "ENGAGEMENT_PREDICTOR"
SUCCESS = "SUCCESS_CLASSIFIER"
"""Model types that contribute to scores; names of the contract without prefix."""
CONVERSION, SENTIMENT, BOTS = "CONVERSION_PREDICTOR", "SENTIMENT_ANALYZER", "BOT_DETECTOR"
"""Model types with a call or an answer of their own."""
CONVERTED, BOT = "converted", "bot"
"""Positive labels of CONVERSION and BOTS."""
THRESHOLD = "success_threshold_pct"
"""Name of the parameter of classifiers with the rate at or above which a post is a success."""

PLATFORMS = {"INSTAGRAM": 1, "FACEBOOK": 2, "TWITTER": 3, "TIKTOK": 4, "OTHER": 5}
"""Numbers of the contract's `Platform` by name."""
MEDIA_TYPES = {"TEXT": 1, "IMAGE": 2, "CAROUSEL": 3, "VIDEO": 4, "LINK": 5, "AUDIO": 6}
"""Numbers of the contract's `MediaType` by name."""
CONTENT_TYPES = {"SOCIAL_POST": 1, "BLOG": 2, "EMAIL": 3, "VIDEO": 4, "STORY": 5}
"""Numbers of the contract's `ContentType` by name."""
COMPLEXITIES = {"LOW": 1, "MEDIUM": 2, "HIGH": 3, "CRITICAL": 4}
"""Numbers of the contract's `Complexity` by name."""

_CONTENT_TYPE_NAMES = {number: name for name, number in CONTENT_TYPES.items()}
_WORDS = {
    kind: {number: name.lower() for name, number in names.items()}
    for kind, names in (("platform", PLATFORMS), ("media_type", MEDIA_TYPES), ("complexity", COMPLEXITIES))
}


def content_type_name(number: int) -> str:
    """Returns the contract's name of a content type without prefix; empty when unknown."""
    return _CONTENT_TYPE_NAMES.get(number, "")


def platform_word(number: int | None) -> str:
    """Returns a word such as "instagram"; empty when unknown."""
    return _WORDS["platform"].get(number or 0, "")


def media_word(number: int | None) -> str:
    """Returns a word such as "video"; empty when unknown."""
    return _WORDS["media_type"].get(number or 0, "")


def complexity_word(number: int) -> str:
    """Returns a word such as "high"; empty when unknown."""
    return _WORDS["complexity"].get(number, "")
