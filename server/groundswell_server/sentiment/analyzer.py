"""Scores the sentiment of comments: VADER with ratings of our own for emoji and slang.

Hutto, C. J., Gilbert, E. 2014, "VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social Media Text",
ICWSM-14. VADER is imported with the first text (0.1 s), not when the server starts.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

from groundswell_server.conversions.plain_text import plain_text
from groundswell_server.sentiment.emoji import EMOJI, separate_emoji, strip_modifiers, without_emoji
from groundswell_server.sentiment.english_detector import EnglishDetector, collapse_repeats
from groundswell_server.sentiment.sentiment import NO_SENTIMENT, UNSUPPORTED, Sentiment, SentimentScore
from groundswell_server.sentiment.slang import PHRASE_RATINGS, WORDS, replace_phrases

if TYPE_CHECKING:
    from groundswell_server.sentiment.vader import Vader

CLEAR: Final = 0.05
"""Bound of positive scores; below its negative a score is negative. These are VADER's own bounds."""
MAX_CHARACTERS: Final = 500
"""Characters of a text that are read, which bounds the time for a text; sentiment rarely changes later."""

_TAG_MARK: Final = re.compile(r"#(?=\w)")
_REPEATED: Final = re.compile(r"(.)\1\1")
"""A faster test for texts without a match of `_RUN`: it takes a fourth of the time."""
_RUN: Final = re.compile(r"([^\W\d_])\1\1")
_WORD: Final = re.compile(r"[^\W\d_]+")


def analyze_sentiment(text: str) -> SentimentScore:
    """Returns the sentiment of a comment: UNSPECIFIED for an empty one, UNSUPPORTED in other languages than English."""
    english, vader = _readers()
    plain = strip_modifiers(plain_text(text[:MAX_CHARACTERS])).strip()
    if not plain:
        return NO_SENTIMENT
    if not english.is_english(without_emoji(plain)):
        return UNSUPPORTED
    score = vader.score(_readable(plain, vader.lexicon))
    if abs(score) < CLEAR:
        return SentimentScore(Sentiment.NEUTRAL, score)
    return SentimentScore(Sentiment.POSITIVE if score > 0 else Sentiment.NEGATIVE, score)


def _readable(plain: str, lexicon: dict[str, float]) -> str:
    """Prepares a text for VADER: phrases, emoji and hashtags become words, stretched words are shortened."""

    def shortened(match: re.Match[str]) -> str:
        return collapse_repeats(match[0].lower(), lexicon) if _RUN.search(match[0]) else match[0]

    text = _TAG_MARK.sub(" ", plain) if "#" in plain else plain
    if _REPEATED.search(text) and _RUN.search(text):
        text = _WORD.sub(shortened, text)
    return separate_emoji(replace_phrases(text))


@cache
def _readers() -> tuple[EnglishDetector, Vader]:
    from groundswell_server.sentiment.vader import Vader

    vader = Vader({**WORDS, **EMOJI, **PHRASE_RATINGS})
    return EnglishDetector(vader.lexicon), vader
