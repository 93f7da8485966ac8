"""Whether a comment is English, told from its script, its letters and its small words.

Statistical detectors need sentences, and most comments are three words. Here a text is English when it shows more signs
of English than of anything else; a text without a sign of English is not, so that a wrong guess costs a figure and does
not make one. Texts without any words (emoji, mentions, numbers) belong to no language and are left to their emoji.
"""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Final

from groundswell_server.engagement.sentiment.languages import SmallWords, small_words

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
    known = small_words()
    words = [word for word in map(_spelled, _WORD.findall(text)) if _says_something(word, known)]
    if not words:
        return True
    english = foreign = shared = 0
    for word in words:
        ours, theirs = word in known.english, word in known.others or _is_foreign(word, known)
        if ours and theirs:
            shared += 1
        elif theirs:
            foreign += 1
        elif ours or word in lexicon or _is_stretched(word, known.english) or _is_stretched(word, lexicon):
            english += 1
    if foreign:
        return english > foreign and english + shared >= SHARE * len(words)
    if len(words) <= _FEW:
        return english + shared > 0
    return english + shared >= SHARE * len(words)


def unstretched(word: str, known: Container[str]) -> str:
    """A word without the letters that enthusiasm repeats ("loooove", "coool"), where that makes a known one."""
    if _RUN.search(word):
        for shorter in (_RUN.sub(r"\1\1", word), _RUN.sub(r"\1", word)):
            if shorter in known:
                return shorter
    return word


def _is_stretched(word: str, known: Container[str]) -> bool:
    return unstretched(word, known) in known


def _says_something(word: str, known: SmallWords) -> bool:
    """False for single letters of emoticons (":D") and of spaced-out words, and for sounds."""
    return (len(word) > 1 or word in known.english) and not _SOUNDS.fullmatch(word)


def _spelled(word: str) -> str:
    return word.lower().replace("\u2019", "'")


def _is_latin(text: str) -> bool:
    """True unless at least half of the letters are of other scripts."""
    letters = [letter for letter in text if letter.isalpha()]
    latin = sum(letter <= _LAST_LATIN or _EXTENDED[0] <= letter <= _EXTENDED[1] for letter in letters)
    return not letters or 2 * latin > len(letters)


def _is_foreign(word: str, known: SmallWords) -> bool:
    """True for a word with letters that English does not have."""
    return not word.isascii() and word not in known.loans
