"""Combines the findings of all layers into one probability, one verdict and the reasons for each interaction.

The log-odds of the prior and of the signals are added (naive Bayes). The signals of one layer are correlated, so the
strongest of a layer counts in full and the others count half. A layer that is itself a score is added unchanged. A
layer that had evidence and found no signal counts in favour of a person. A layer without evidence changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from groundswell_server.engagement.bot_detection.filter_settings import FilterSettings
from groundswell_server.engagement.bot_detection.layer_findings import LayerFindings
from groundswell_server.engagement.bot_detection.reasons import Layer, Reason, explain
from groundswell_storage.engagement.enums import Verdict

DECISIVE: Final = 2.5
"""Log-odds that a lone signal needs for the verdict BOT, whatever the threshold: a weak signal never decides alone."""
_MAX_LOG_ODDS: Final = 9.0
"""Bound on the log-odds."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One reason for the verdict on one interaction."""

    reason: Reason
    layer: Layer
    log_odds: float
    figure: float | None
    detail: str
    """The reason in words, with its figure."""


@dataclass(frozen=True, slots=True)
class Judgment:
    """The judgment of one interaction."""

    verdict: Verdict
    probability: float
    """Probability that the interaction is not genuine, 0 to 1."""
    reasons: tuple[Signal, ...]
    """The signals, strongest first. A GENUINE interaction can have weak ones."""
    layers: tuple[Layer, ...]
    """Layers that had evidence."""


@dataclass(frozen=True, slots=True, eq=False)
class Judgments:
    """Judgments of n interactions as columns, in the order of the batch."""

    verdicts: NDArray[np.int8]
    """(n,) numbers of `Verdict`."""
    probabilities: NDArray[np.float64]
    """(n,) probability that the interaction is not genuine."""
    findings: tuple[LayerFindings, ...]
    _signs: _LazySignals

    def __len__(self) -> int:
        return len(self.verdicts)

    def __iter__(self) -> Iterator[Judgment]:
        return (self.judgment(row) for row in range(len(self)))

    def judgment(self, row: int) -> Judgment:
        """Returns the judgment of one row."""
        return Judgment(
            Verdict(int(self.verdicts[row])),
            float(self.probabilities[row]),
            self.reasons(row),
            tuple(found.layer for found in self.findings if found.has_evidence[row]),
        )

    def reasons(self, row: int) -> tuple[Signal, ...]:
        """Returns the signals of one row, strongest first."""
        return self._signs.of_row(row)

    def count(self, verdict: Verdict) -> int:
        """Returns the number of rows with this verdict."""
        return int(np.count_nonzero(self.verdicts == verdict))


def combine(findings: Sequence[LayerFindings], count: int, settings: FilterSettings) -> Judgments:
    """Judges `count` interactions by the findings of the layers."""
    evidence = np.zeros(count)
    strongest = np.zeros(count)
    seen = np.zeros(count, np.int64)
    odd = np.zeros(count, np.bool_)
    persona = np.zeros(count, np.bool_)
    for found in findings:
        saw = [signals for signals in found.signals if len(signals.rows)]
        if not saw and found.genuine_log_odds is None:
            continue
        top, total = np.zeros(count), np.zeros(count)
        for signals in saw:
            top[signals.rows] = np.maximum(top[signals.rows], signals.log_odds)
            total[signals.rows] += signals.log_odds
            seen[signals.rows] += 1
            if signals.reason is Reason.REGISTERED_PERSONA:
                persona[signals.rows] = True
        weight = (top + total) / 2 if found.genuine_log_odds is None else total + found.genuine_log_odds
        evidence += weight
        odd |= weight > 0
        np.maximum(strongest, top, out=strongest)
    for found in findings:
        evidence[found.has_evidence & ~odd] += found.absence_log_odds
    probabilities = 1.0 / (1.0 + np.exp(-np.minimum(settings.prior_log_odds + evidence, _MAX_LOG_ODDS)))
    bot = (probabilities >= settings.threshold) & ((strongest >= DECISIVE) | (seen > 1))
    verdicts = np.where(persona, Verdict.PERSONA, np.where(bot, Verdict.BOT, Verdict.GENUINE)).astype(np.int8)
    return Judgments(verdicts, probabilities, tuple(findings), _LazySignals(findings))


class _LazySignals:
    """Signals by row, built on demand: of a million interactions few are read."""

    __slots__ = ("_findings", "_places")

    def __init__(self, findings: Sequence[LayerFindings]) -> None:
        self._findings = findings
        self._places: dict[int, list[tuple[Layer, Reason, float, float]]] | None = None

    def of_row(self, row: int) -> tuple[Signal, ...]:
        """Returns the signals of one row, strongest first."""
        places = self._index().get(row)
        if places is None:
            return ()
        return tuple(sorted((_spell_out(*place) for place in places), key=lambda signal: -signal.log_odds))

    def _index(self) -> dict[int, list[tuple[Layer, Reason, float, float]]]:
        """Returns the signals of each row, indexed on first use."""
        if self._places is None:
            self._places = {}
            for found in self._findings:
                for signals in found.signals:
                    columns = signals.rows.tolist(), signals.log_odds.tolist(), signals.figures.tolist()
                    for row, log_odds, figure in zip(*columns, strict=True):
                        self._places.setdefault(row, []).append((found.layer, signals.reason, log_odds, figure))
        return self._places


def _spell_out(layer: Layer, reason: Reason, log_odds: float, figure: float) -> Signal:
    cited = None if math.isnan(figure) else figure
    return Signal(reason, layer, log_odds, cited, explain(reason, cited))
