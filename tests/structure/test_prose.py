"""The worst of the sentences that style rules out."""

from __future__ import annotations

from tests.structure.prose import banned_words, opening_words
from tests.structure.source import ROOT, Source


def test_docstrings_open_with_a_verb_or_a_noun() -> None:
    assert opening_words(Source(), ROOT) == []


def test_no_sentence_uses_a_banned_word() -> None:
    assert banned_words(Source(), ROOT) == []
