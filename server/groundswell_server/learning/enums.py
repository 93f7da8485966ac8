"""The model types and labels of Learning, and the enums of its answers with the names and numbers of the contract."""

from __future__ import annotations

from enum import IntEnum

ENGAGEMENT = "ENGAGEMENT_PREDICTOR"
SUCCESS = "SUCCESS_CLASSIFIER"
"""Model types that contribute to scores; names of the contract without prefix."""
CONVERSION, SENTIMENT, BOTS = "CONVERSION_PREDICTOR", "SENTIMENT_ANALYZER", "BOT_DETECTOR"
"""Model types with a call or an answer of their own."""
CONVERTED, BOT = "converted", "bot"
"""Positive labels of CONVERSION and BOTS."""
THRESHOLD = "success_threshold_pct"
"""Name of the parameter of classifiers with the rate at or above which a post is a success."""


class PatternType(IntEnum):
    """The direction of a pattern's effect."""

    WINNING = 1
    LOSING = 2


class PatternSource(IntEnum):
    """The source of a recommended pattern."""

    APPROACH = 1
    CLUSTER = 2


class FailureKind(IntEnum):
    """The kind of a failure."""

    ERROR = 1
    LOW_ENGAGEMENT = 2
    POOR_RATING = 3


class Association(IntEnum):
    """The association of a hashtag with engagement."""

    HIGHER = 1
    LOWER = 2
    INCONCLUSIVE = 3


class Priority(IntEnum):
    """The importance of a suggestion."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
