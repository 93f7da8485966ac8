"""Whether a comment is English, told from its script, its letters and its small words.

Statistical detectors need sentences, and most comments are three words. Here a text is English when it shows more signs
of English than of anything else; a text without a sign of English is not, so that a wrong guess costs a figure and does
not make one. Texts without any words (emoji, mentions, numbers) belong to no language and are left to their emoji.
"""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Final

from groundswell_server.mood.languages import small_words

SHARE: Final = 0.25
"""Part of the words, from four words on, that has to be known as English: names alone make no sentence."""
_FEW: Final = 3

_LEFT_OUT: Final = re.compile(r"https?://\S+|www\.\S+|[@#]\S+|\[(?:e-mail|telephone|name)\]")
_WORD: Final = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_LAST_LATIN: Final = "\u024f"
_EXTENDED: Final = ("\u1e00", "\u1eff")
_SOUNDS: Final = re.compile(
    r"(?:[hj]?a*(?:ha|ah)+h?|(?:he){2,}h?|l+o+l+(?:ol)*|lma+o+|ro+fl|x+d+|a+w+|o+h+|a+h+|m+h*m+|wo+w+|wo+ah?|yay+|xo(?:xo)*|"
    r"y+a+s+|omg+|w+o+o+|u+g+h+|e+w+)"
)
"""Laughter and exclamations that are written alike everywhere, or nearly so."""
_RUN: Final = re.compile(r"(.)\1{2,}")


def is_english(text: str, lexicon: Container[str] = frozenset()) -> bool:
    """True for English, and for a text without words.

    Args:
        text: what was written, in plain characters.
        lexicon: further English words, in lower case; weaker signs than the small words, for languages share them.
    """
    text = _LEFT_OUT.sub(" ", text)
    if not text.isascii() and not _is_latin(text):
        return False
    words = _Counted()
    for spelled in _WORD.findall(text):
        words.count(spelled.lower().replace("\u2019", "'"), lexicon)
    return words.are_english


def unstretched(word: str, known: Container[str]) -> str:
    """A word without the letters that enthusiasm repeats ("loooove", "coool"), where that makes a known one."""
    if _RUN.search(word):
        for shorter in (_RUN.sub(r"\1\1", word), _RUN.sub(r"\1", word)):
            if shorter in known:
                return shorter
    return word


class _Counted:
    """The words of a text by what they are a sign of."""

    def __init__(self) -> None:
        self._known = small_words()
        self._words = self._english = self._foreign = self._shared = 0

    def count(self, word: str, lexicon: Container[str]) -> None:
        """Counts a word in; single letters of emoticons (":D") and sounds are no words."""
        ours = word in self._known.english
        theirs = word in self._known.others or (not word.isascii() and word not in self._known.loans)
        if ours and theirs:
            self._shared += 1
        elif theirs:
            self._foreign += 1
        elif ours or word in lexicon:
            self._english += 1
        elif len(word) == 1 or _SOUNDS.fullmatch(word):
            return
        elif unstretched(word, self._known.english) in self._known.english or unstretched(word, lexicon) in lexicon:
            self._english += 1
        self._words += 1

    @property
    def are_english(self) -> bool:
        """Whether they show more signs of English than of anything else."""
        signs = self._english + self._shared
        if self._foreign:
            return self._english > self._foreign and signs >= SHARE * self._words
        if self._words <= _FEW:
            return signs > 0 or not self._words
        return signs >= SHARE * self._words


def _is_latin(text: str) -> bool:
    """True unless at least half of the letters are of other scripts."""
    letters = [letter for letter in text if letter.isalpha()]
    latin = sum(letter <= _LAST_LATIN or _EXTENDED[0] <= letter <= _EXTENDED[1] for letter in letters)
    return not letters or 2 * latin > len(letters)
