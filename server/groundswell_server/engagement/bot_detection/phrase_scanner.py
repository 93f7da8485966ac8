"""Scans many texts for phrases, links and numbers.

`trigger_search` first searches all texts at once for words that could begin a match. Only texts with such a word are
matched against the patterns that the word belongs to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from groundswell_server.engagement.bot_detection.links_and_phone_numbers import (
    LINK_TRIGGERS,
    link_findings,
    number_findings,
)
from groundswell_server.engagement.bot_detection.reasons import Reason
from groundswell_server.engagement.bot_detection.spam_phrases import MIDDLING, PHRASES, STRONG, Phrase
from groundswell_server.engagement.bot_detection.trigger_search import ConcatenatedTexts, TriggerTable

MIN_DIGITS: Final = 10
"""Texts with fewer digits are not searched for numbers."""


@dataclass(frozen=True, slots=True)
class TextSignal:
    """One finding in one text."""

    reason: Reason
    log_odds: float
    figure: float
    """NaN where the reason has none."""


Examiner = Callable[[str], list[TextSignal]]
"""Examines one normalized text."""


def _phrase_examiner(phrase: Phrase) -> Examiner:
    search = phrase.compiled().search
    found = [TextSignal(phrase.reason, phrase.log_odds, float("nan"))]

    def examine(text: str) -> list[TextSignal]:
        return found if search(text) else []

    return examine


def _links(text: str) -> list[TextSignal]:
    return [TextSignal(*finding) for finding in link_findings(text)]


def _numbers(text: str) -> list[TextSignal]:
    return [TextSignal(*finding) for finding in number_findings(text)]


_LINKS: Final = 1 << len(PHRASES)
_NUMBERS: Final = _LINKS << 1
_MIDDLING_PHRASES: Final = sum(1 << number for number, phrase in enumerate(PHRASES) if phrase.log_odds == MIDDLING)


@lru_cache(maxsize=1)
def _table() -> tuple[TriggerTable, tuple[tuple[int, Examiner], ...]]:
    """Compiles the phrases on first use; returns the triggers and the examiner of each task."""
    tasks_of: dict[str, int] = dict.fromkeys(LINK_TRIGGERS, _LINKS)
    for number, phrase in enumerate(PHRASES):
        for trigger in phrase.trigger_words():
            tasks_of[trigger] = tasks_of.get(trigger, 0) | 1 << number
    phrases = ((1 << number, _phrase_examiner(phrase)) for number, phrase in enumerate(PHRASES))
    return TriggerTable(tasks_of), (*phrases, (_LINKS, _links), (_NUMBERS, _numbers))


def scan(texts: ConcatenatedTexts) -> dict[int, list[TextSignal]]:
    """Returns the signals of each text by position; texts without any are left out."""
    table, examiners = _table()
    wanted = dict(table.find(texts))
    digits = texts.count((texts.data >= ord("0")) & (texts.data <= ord("9")))
    for row in np.flatnonzero(digits >= MIN_DIGITS).tolist():
        wanted[row] = wanted.get(row, 0) | _NUMBERS
    found = ((row, _examine(texts.text(row), tasks, examiners)) for row, tasks in wanted.items())
    return {row: signals for row, signals in found if signals}


def _examine(text: str, tasks: int, examiners: Sequence[tuple[int, Examiner]]) -> list[TextSignal]:
    """Returns one signal for each reason. Middling phrases are skipped where a strong one was found."""
    found: dict[Reason, TextSignal] = {}
    decided = 0
    for task, examine in examiners:
        if tasks & task & ~decided:
            for signal in examine(text):
                found.setdefault(signal.reason, signal)
                if signal.log_odds >= STRONG:
                    decided = _MIDDLING_PHRASES
    return list(found.values())
