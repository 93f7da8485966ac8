"""The small words that give a language away, as comments use them: a file of them for each language.

Words that several languages share are in each of their files, so that what is English and something else is a sign of
neither. `english_loans.txt` has the English words that are written with foreign letters.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import NamedTuple


class StopWords(NamedTuple):
    """Words by the language they are a sign of, in lower case."""

    english: frozenset[str]
    loans: frozenset[str]
    """English words with foreign letters."""
    others: frozenset[str]
    """Of all other languages together: which of them it is does not matter."""


@cache
def load_stop_words() -> StopWords:
    """All of them, read once."""
    words = {
        entry.name: frozenset(entry.read_text("utf-8").split())
        for entry in files(__package__).iterdir()
        if entry.name.endswith(".txt")
    }
    english, loans = words.pop("english.txt"), words.pop("english_loans.txt")
    return StopWords(english, loans, frozenset().union(*words.values()))
