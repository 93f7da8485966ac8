"""The sentiment of a text, as it is stored."""

from __future__ import annotations

from enum import IntEnum
from typing import Final, NamedTuple


class Sentiment(IntEnum):
    """The sentiment of a comment, with the names and numbers of the contract."""

    UNSPECIFIED = 0
    POSITIVE = 1
    NEUTRAL = 2
    NEGATIVE = 3
    UNSUPPORTED = 4


class SentimentScore(NamedTuple):
    """The sentiment of a text with its score."""

    sentiment: Sentiment
    score: float | None
    """-1 (bad) to 1 (good), to four places; None where the sentiment is UNSUPPORTED or UNSPECIFIED."""


NO_SENTIMENT: Final = SentimentScore(Sentiment.UNSPECIFIED, None)
UNSUPPORTED: Final = SentimentScore(Sentiment.UNSUPPORTED, None)
