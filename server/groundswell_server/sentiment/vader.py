"""VADER's rules over its lexicon and additional ratings, three times as fast as `vaderSentiment`.

Most words of most texts are not rated, and only rated words are examined. `vaderSentiment` provides the lexicon, the
constants and the rare rules. A test shows that texts without additional words have the same scores.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import punctuation
from typing import Any, Final

from vaderSentiment.vaderSentiment import (
    BOOSTER_DICT,
    C_INCR,
    N_SCALAR,
    NEGATE,
    SPECIAL_CASES,
    SentimentIntensityAnalyzer,
    allcap_differential,
    normalize,
)

_REACH: Final = 3
"""Words before a rated word that can modify it."""
_FADING: Final = (1.0, 0.95, 0.9)
"""Weight of a booster, by the number of words between."""
_STRESSED: Final = 1.25
"""Factor of "never so" and "so" on a following word."""
_EMOTICON: Final = 2
"""Letters up to which a word keeps its punctuation, because it may be an emoticon."""
_NEGATIONS: Final = frozenset(NEGATE)
_STRESS: Final = frozenset({"so", "this"})
_IDIOM_SIGNS: Final = frozenset(
    max(words.split(), key=len) for words in (*SPECIAL_CASES, *BOOSTER_DICT) if " " in words
)
"""One word of each idiom: without any of them near, there is no idiom."""


class Vader:
    """Rates English texts from -1 (bad) to 1 (good)."""

    def __init__(self, ratings: Mapping[str, float]) -> None:
        self._original: Any = SentimentIntensityAnalyzer()
        self.lexicon: dict[str, float] = {**self._original.lexicon, **ratings}
        """Words in lower case, emoji and emoticons, -4 to 4."""

    def score(self, text: str) -> float:
        """Returns the compound score of a text, -1 to 1, to four places; 0 when no word is rated.

        It equals `polarity_scores`, except that emoji are words.
        """
        written = [bare if len(bare := word.strip(punctuation)) > _EMOTICON else word for word in text.split()]
        words = [word.lower() for word in written]
        rated = [at for at, word in enumerate(words) if word in self.lexicon and not _is_modifier(words, at)]
        if not rated:
            return 0.0
        shouting = any(map(str.isupper, written)) and allcap_differential(written)
        valences = {at: self._valence(written if shouting else words, words, at) for at in rated}
        if "but" in words:
            total = sum(self._original._but_check(words, [valences.get(at, 0) for at in range(len(words))]))
        else:
            total = sum(valences.values())
        emphasis = self._original._punctuation_emphasis(text)
        score: float = normalize(total + emphasis if total > 0 else total - emphasis if total < 0 else 0.0)
        return round(score, 4)

    def _valence(self, written: Sequence[str], words: Sequence[str], at: int) -> float:
        """Returns the rating of a word, modified by its neighbours; `written` has capitals that are emphasis."""
        lexicon, word = self.lexicon, words[at]
        before = words[max(0, at - _REACH) : at][::-1]
        valence = lexicon[word]
        if "no" in before and ("no" in before[:2] or before[0] in ("or", "nor")):
            valence *= N_SCALAR
        elif word == "no" and at + 1 < len(words) and words[at + 1] in lexicon:
            valence = 0.0
        if written[at].isupper():
            valence += C_INCR if valence > 0 else -C_INCR
        for distance, near in enumerate(before):
            if near not in lexicon:
                if near in BOOSTER_DICT:
                    valence += _FADING[distance] * _boost(near, valence, written[at - distance - 1].isupper())
                valence *= _turn(before, distance)
                if distance == _REACH - 1:
                    valence = self._in_idiom(valence, words[at - _REACH : at + _REACH])
        if before[:1] == ["least"] and before[1:2] not in (["at"], ["very"]) and "least" not in lexicon:
            valence *= N_SCALAR
        return valence

    def _in_idiom(self, valence: float, near: Sequence[str]) -> float:
        """Returns the rating of the fourth of these words, or of the idiom that contains it."""
        if _IDIOM_SIGNS.isdisjoint(near):
            return valence
        return self._original._special_idioms_check(valence, near, _REACH)  # type: ignore[no-any-return]


def _is_modifier(words: Sequence[str], at: int) -> bool:
    """Returns True for a word that only modifies another one."""
    word = words[at]
    return word in BOOSTER_DICT or (word == "kind" and words[at + 1 : at + 2] == ["of"])


def _boost(word: str, valence: float, shouted: bool) -> float:
    """Returns the increment of a booster or damper."""
    boost: float = BOOSTER_DICT[word]
    if valence < 0:
        boost = -boost
    if shouted:
        boost += C_INCR if valence > 0 else -C_INCR
    return boost


def _turn(before: Sequence[str], distance: int) -> float:
    """Returns the factor of one of the preceding words, nearest first, on a valence."""
    word = before[distance]
    if (distance == _REACH - 1 and before[0] in _STRESS) or (
        word == "never" and distance and before[distance - 1] in _STRESS
    ):
        return _STRESSED
    if word == "without" and "doubt" in before[:distance]:
        return 1.0
    return N_SCALAR if word in _NEGATIONS or "n't" in word else 1.0
