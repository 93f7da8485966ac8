"""VADER, which ships as one class, with a lexicon of our own on top and without its quadratic time.

The rules are VADER's, and so is every score of a text without our words; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from vaderSentiment.vaderSentiment import BOOSTER_DICT, SentimentIntensityAnalyzer, SentiText

_BEFORE: Final = 3
"""Words before a rated one that can change what it says."""


class Vader(SentimentIntensityAnalyzer):  # type: ignore[misc]  # it comes without types
    """Rates English texts from -1 (bad) to 1 (good)."""

    lexicon: dict[str, float]

    def __init__(self, ratings: Mapping[str, float]) -> None:
        super().__init__()
        self.lexicon.update(ratings)

    def score(self, text: str) -> float:
        """The compound score of a text, -1 to 1, to four places; 0 where no word is rated.

        What `polarity_scores` does, without looking for emoji and without working on words that are not rated.
        """
        read = SentiText(text)
        words = read.words_and_emoticons
        rated = [self._is_rated(words, at) for at in range(len(words))]
        if not any(rated):
            return 0.0
        valences: list[float] = []
        for at, word in enumerate(words):
            if rated[at]:
                self.sentiment_valence(0, read, word, at, valences)
            else:
                valences.append(0)
        score: float = self.score_valence(self._but_check(words, valences), text)["compound"]
        return score

    def _is_rated(self, words: list[str], at: int) -> bool:
        word = words[at].lower()
        if word not in self.lexicon or word in BOOSTER_DICT:
            return False
        return word != "kind" or at == len(words) - 1 or words[at + 1].lower() != "of"

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
