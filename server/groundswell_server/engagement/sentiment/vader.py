"""VADER, which ships as one class, with a lexicon of our own on top and without its quadratic time.

The rules are VADER's, and so is every score of a text without our words; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

_BEFORE: Final = 3
"""Words before a rated one that can change what it says."""


class Vader(SentimentIntensityAnalyzer):  # type: ignore[misc]  # it comes without types
    """Rates English texts from -1 (bad) to 1 (good)."""

    lexicon: dict[str, float]

    def __init__(self, ratings: Mapping[str, float]) -> None:
        super().__init__()
        self.lexicon.update(ratings)
        # Emoji are rated as they are, not by the words of their names.
        self.emojis: dict[str, str] = {}

    def score(self, text: str) -> float:
        """The compound score of a text, -1 to 1, to four places; 0 where no word is rated."""
        if not any(self._is_rated(token) for token in text.lower().split()):
            return 0.0
        score: float = self.polarity_scores(text)["compound"]
        return score

    def _is_rated(self, token: str) -> bool:
        return token in self.lexicon or self._stripped(token) in self.lexicon

    @staticmethod
    def _stripped(token: str) -> str:
        return token.strip("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")

    # Both ask for all words of the text in lower case, once or thrice for every rated word, and use those around it.

    @staticmethod
    def _negation_check(valence: float, words: list[str], start: int, at: int) -> float:
        first = max(0, at - _BEFORE)
        near = words[first : at + 1]
        return SentimentIntensityAnalyzer._negation_check(valence, near, start, at - first)  # type: ignore[no-any-return]

    @staticmethod
    def _special_idioms_check(valence: float, words: list[str], at: int) -> float:
        near = words[at - _BEFORE : at + _BEFORE]
        return SentimentIntensityAnalyzer._special_idioms_check(valence, near, _BEFORE)  # type: ignore[no-any-return]
