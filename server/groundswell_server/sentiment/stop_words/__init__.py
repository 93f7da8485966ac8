"""Stop words of languages as comments use them, in one file for each language.

A word that several languages share is in each of their files, so that it is evidence for none of them.
`english_loans.txt` has the English words that are written with foreign letters.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import NamedTuple


class StopWords(NamedTuple):
    """Stop words by language, in lower case."""

    english: frozenset[str]
    loans: frozenset[str]
    """English words with foreign letters."""
    others: frozenset[str]
    """Words of all other languages; which of them does not matter."""


@cache
def load_stop_words() -> StopWords:
    """Returns all stop words, read once."""
    words = {
        entry.name: frozenset(entry.read_text("utf-8").split())
        for entry in files(__package__).iterdir()
        if entry.name.endswith(".txt")
    }
    english, loans = words.pop("english.txt"), words.pop("english_loans.txt")
    return StopWords(english, loans, frozenset().union(*words.values()))
