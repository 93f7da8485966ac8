"""Detects English comments by their script, their letters and their stop words.

Statistical language detectors need sentences, and most comments are three words long. Here a text is English when it
has more evidence for English than for other languages. A text without evidence is not English, because an unsupported
comment does less harm than a wrong score. Texts without words (emoji, mentions, numbers) have no language and are
scored by their emoji.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from functools import lru_cache
from string import ascii_lowercase, ascii_uppercase
from typing import Final

from groundswell_server.conversions.plain_text import has_any
from groundswell_server.sentiment.stop_words import load_stop_words

SHARE: Final = 0.25
"""Share of known English words that texts of four or more words need, because names alone are no sentence."""
_FEW: Final = 3

_LEFT_OUT: Final = re.compile(r"https?://\S+|www\.\S+|[@#]\S+|\[(?:e-mail|telephone|name)\]")
_LEFT_OUT_MARKS: Final = ("@", "#", "http", "www.", "[")
"""Every text with a match of `_LEFT_OUT` contains one of them."""
_WORD: Final = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_ASCII_WORDS: Final = bytes(
    ord(letter.lower()) if (letter := chr(code)) in ascii_lowercase + ascii_uppercase + "'" else ord(" ")
    for code in range(256)
)
_LAST_LATIN: Final = "\u024f"
_EXTENDED: Final = ("\u1e00", "\u1eff")
_SOUNDS: Final = re.compile(
    r"(?:[hj]?a*(?:ha|ah)+h?|(?:he){2,}h?|l+o+l+(?:ol)*|lma+o+|ro+fl|x+d+|a+w+|o+h+|a+h+|m+h*m+|wo+w+|wo+ah?|yay+|xo(?:xo)*|"
    r"y+a+s+|omg+|w+o+o+|u+g+h+|e+w+)"
)
"""Laughter and exclamations that are spelled alike in most languages."""
_RUN: Final = re.compile(r"(.)\1{2,}")

_MAX_UNKNOWN: Final = 10_000
"""Unknown words, mostly names, whose class is cached, because they recur under the posts of a persona."""

_UNKNOWN, _ENGLISH, _FOREIGN, _SHARED, _SOUND = range(5)
"""Classes of words. A sound is not counted as a word."""


class EnglishDetector:
    """Distinguishes English from other languages.

    `lexicon` has further English words in lower case. They are weaker evidence than stop words, because languages share
    them.
    """

    def __init__(self, lexicon: Iterable[str] = ()) -> None:
        self._small = load_stop_words()
        self._lexicon = frozenset(lexicon)
        known = self._lexicon | self._small.english | self._small.others
        self._signs = {word: self._sign(word) for word in known}
        self._sign_of_unknown = lru_cache(_MAX_UNKNOWN)(self._sign)

    def is_english(self, text: str) -> bool:
        """Returns True for English and for a text without words; `text` is in plain characters."""
        if has_any(text, _LEFT_OUT_MARKS):
            text = _LEFT_OUT.sub(" ", text)
        if not text.isascii() and not _is_latin(text):
            return False
        known, of_unknown = self._signs.get, self._sign_of_unknown
        signs = [of_unknown(word) if (sign := known(word)) is None else sign for word in _words(text)]
        count = len(signs) - signs.count(_SOUND)
        english, shared = signs.count(_ENGLISH), signs.count(_SHARED)
        if _FOREIGN in signs:
            return english > signs.count(_FOREIGN) and english + shared >= SHARE * count
        if count <= _FEW:
            return english + shared > 0 or not count
        return english + shared >= SHARE * count

    def _sign(self, word: str) -> int:
        """Returns the class of a word; single letters of emoticons (":D") and sounds are no words."""
        ours = word in self._small.english
        if word in self._small.others or (not word.isascii() and word not in self._small.loans):
            return _SHARED if ours else _FOREIGN
        if ours or word in self._lexicon:
            return _ENGLISH
        if len(word) == 1 or _SOUNDS.fullmatch(word):
            return _SOUND
        if not _RUN.search(word):
            return _UNKNOWN
        is_known = any(collapse_repeats(word, known) in known for known in (self._small.english, self._lexicon))
        return _ENGLISH if is_known else _UNKNOWN


def collapse_repeats(word: str, known: Container[str]) -> str:
    """Returns a known word without repeated letters ("loooove", "coool"), or the word unchanged."""
    if _RUN.search(word):
        for shorter in (_RUN.sub(r"\1\1", word), _RUN.sub(r"\1", word)):
            if shorter in known:
                return shorter
    return word


def _words(text: str) -> list[str]:
    """Returns the words of a text in lower case; ASCII is translated by a table, five times as fast as a pattern."""
    if not text.isascii() or "''" in text:
        return [word.lower().replace("\u2019", "'") for word in _WORD.findall(text)]
    words = text.encode().translate(_ASCII_WORDS).decode().split()
    return [bare for word in words if (bare := word.strip("'"))] if "'" in text else words


def _is_latin(text: str) -> bool:
    """Returns True unless at least half of the letters are of other scripts."""
    letters = [letter for letter in text if letter.isalpha()]
    latin = sum(letter <= _LAST_LATIN or _EXTENDED[0] <= letter <= _EXTENDED[1] for letter in letters)
    return not letters or 2 * latin > len(letters)
