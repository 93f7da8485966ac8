"""Layer 3, text: examines each text separately and compares it with other texts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from groundswell_server.engagement.bot_detection.duplicate_texts import DuplicateIndex, duplicate_signals
from groundswell_server.engagement.bot_detection.filter_settings import FilterSettings
from groundswell_server.engagement.bot_detection.interaction_batch import InteractionBatch
from groundswell_server.engagement.bot_detection.layer_findings import LayerFindings, Signals, model_log_odds
from groundswell_server.engagement.bot_detection.phrase_scanner import TextSignal, scan
from groundswell_server.engagement.bot_detection.reasons import Layer, Reason
from groundswell_server.engagement.bot_detection.text_normalization import NormalizedText, plain_texts
from groundswell_server.engagement.bot_detection.trigger_search import ConcatenatedTexts

EMOJI_LOG_ODDS: Final = 0.5
STRETCHED_LOG_ODDS: Final = 0.3
"""People praise with flames and with "sooo", so these two count only beside stronger signals, not beside each other."""
STRETCH: Final = 4
UNREMARKABLE_LOG_ODDS: Final = -2.0
"""Log-odds of a text without findings. Measured on the comments of four videos, one spam text in ten has none."""

_WORD: Final = re.compile(r"\w")
_SAME_RUN: Final = re.compile(r"(.)\1{2,}|(\S+)(?:\s*\2){2,}")


def text_findings(
    batch: InteractionBatch, settings: FilterSettings, duplicates: DuplicateIndex | None = None
) -> LayerFindings:
    """Returns the findings on each text and on texts that are shared, within the batch or with earlier batches.

    The probability of a trained detector replaces the phrases.
    """
    if not any(batch.texts.values):  # likes only
        return LayerFindings(Layer.TEXT, batch.texts.filled(), ())
    alone = phrase_findings(batch)
    detected = spam_signals(batch, settings)
    shared = duplicate_signals(batch, settings, duplicates)
    return LayerFindings(Layer.TEXT, alone.has_evidence, (*alone.signals, *detected, *shared), alone.absence_log_odds)


def spam_signals(batch: InteractionBatch, settings: FilterSettings) -> list[Signals]:
    """Returns signals of the texts whose probability of spam by a trained detector is above the prior."""
    found = {
        code: [TextSignal(Reason.SPAM_DETECTOR, log_odds, batch.spam[text])]
        for code, text in enumerate(batch.texts.values)
        if text in batch.spam and (log_odds := model_log_odds(batch.spam[text], settings.prior_log_odds)) > 0
    }
    return _spread(found, batch.texts.codes) if found else []


def phrase_findings(batch: InteractionBatch) -> LayerFindings:
    """Returns the findings on each text that no detector has classified; each distinct text is examined once."""
    values = [("" if text in batch.spam else text) for text in batch.texts.values] if batch.spam else batch.texts.values
    texts = _plain(values, batch.normalized_texts)
    laid_out = ConcatenatedTexts(texts)
    found = scan(laid_out)
    for code, signal in _enthusiasm(texts, laid_out):
        found.setdefault(code, []).append(signal)
    signals = tuple(_spread(found, batch.texts.codes))
    return LayerFindings(Layer.TEXT, batch.texts.filled(), signals, UNREMARKABLE_LOG_ODDS)


def _plain(texts: Sequence[str], known: Mapping[str, NormalizedText]) -> list[str]:
    """Returns `plain_texts`, reusing the given ones."""
    new = [text for text in texts if text not in known]
    made = dict(zip(new, plain_texts(new), strict=True))
    return [made[text] if text in made else known[text].plain for text in texts]


def _spread(found: dict[int, list[TextSignal]], codes: NDArray[np.int64]) -> list[Signals]:
    """Converts signals of distinct texts to signals of rows, one `Signals` for each reason."""
    order = np.argsort(codes, kind="stable")
    edges = np.searchsorted(codes[order], np.arange(int(codes.max(initial=-1)) + 2))
    by_reason: dict[Reason, list[tuple[int, float, float]]] = {}
    for code, signals in found.items():
        for row in order[edges[code] : edges[code + 1]].tolist():
            for signal in signals:
                by_reason.setdefault(signal.reason, []).append((row, signal.log_odds, signal.figure))
    return [Signals.collect(reason, triples) for reason, triples in by_reason.items()]


def _enthusiasm(texts: Sequence[str], laid_out: ConcatenatedTexts) -> list[tuple[int, TextSignal]]:
    """Returns (position, signal) of texts of repeated emoji only, and of texts with stretched letters."""
    found = []
    for code, text in enumerate(texts):
        if not text.isascii() and not _WORD.search(text) and (repeats := _emoji_repeats(text)) >= 3:
            found.append((code, TextSignal(Reason.EMOJI_REPEAT, EMOJI_LOG_ODDS, float(repeats))))
    return [*found, *_stretched(laid_out)]


def _emoji_repeats(text: str) -> int:
    """Returns the longest run of the same emoji, or group of emoji, in a text without words."""
    runs = [(match[0], match[1] or match[2]) for match in _SAME_RUN.finditer("".join(text.split()))]
    return max((len(run) // len(unit) for run, unit in runs if not unit.isascii()), default=0)


def _stretched(laid_out: ConcatenatedTexts) -> list[tuple[int, TextSignal]]:
    """Returns the texts with a letter `STRETCH` times or more in a row, found in all texts at once."""
    data = laid_out.data
    same = np.zeros(len(data), np.bool_)
    same[1:] = (data[1:] == data[:-1]) & (data[1:] >= ord("a")) & (data[1:] <= ord("z"))
    run = same.copy()
    for shift in range(1, STRETCH - 1):
        run[shift:] &= same[:-shift]
    stretched = laid_out.count(run)
    return [
        (row, TextSignal(Reason.STRETCHED, STRETCHED_LOG_ODDS, float(stretched[row] + STRETCH - 1)))
        for row in np.flatnonzero(stretched).tolist()
    ]
