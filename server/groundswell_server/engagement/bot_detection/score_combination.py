"""Bring the findings of all layers together: one probability, one verdict and the reasons for each interaction.

The log-odds of the prior and of the signs add up (naive Bayes). Signs of one layer look at the same thing from several
sides, so the strongest of a layer counts in full and the others by half; a layer that is a score is added as it is.
Where a layer looked and nothing at all was found, that speaks for a person. Whatever layers exist are combined; one
that had nothing to go by changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from groundswell_server.engagement.bot_detection.explanation import explain
from groundswell_server.engagement.bot_detection.filter_settings import FilterSettings
from groundswell_server.engagement.bot_detection.layer_findings import LayerFindings
from groundswell_server.engagement.bot_detection.reasons import Layer, Reason
from groundswell_server.engagement.enums import Verdict

DECISIVE: Final = 2.5
"""Log-odds that a lone sign needs to make a BOT, whatever the threshold: a single weak sign never decides."""
_MOST: Final = 9.0
"""Log-odds beyond which nobody can be surer."""


@dataclass(frozen=True, slots=True)
class Sign:
    """One reason for the verdict on one interaction."""

    reason: Reason
    layer: Layer
    log_odds: float
    figure: float | None
    detail: str
    """The reason in words, with its figure."""


@dataclass(frozen=True, slots=True)
class Judgment:
    """What is thought of one interaction."""

    verdict: Verdict
    probability: float
    """That it is not genuine, 0 to 1."""
    reasons: tuple[Sign, ...]
    """The signs seen, strongest first; a GENUINE interaction can have weak ones."""
    layers: tuple[Layer, ...]
    """Layers that had something to go by."""


@dataclass(frozen=True, slots=True, eq=False)
class Judgments:
    """Judgments of n interactions as columns, in the order of the batch; `judgment` spells one out."""

    verdicts: NDArray[np.int8]
    """(n,) numbers of `Verdict`."""
    probabilities: NDArray[np.float64]
    """(n,) probability that it is not genuine."""
    findings: tuple[LayerFindings, ...]
    _signs: _LazySigns

    def __len__(self) -> int:
        return len(self.verdicts)

    def __iter__(self) -> Iterator[Judgment]:
        return (self.judgment(row) for row in range(len(self)))

    def judgment(self, row: int) -> Judgment:
        """The judgment of one row."""
        return Judgment(
            Verdict(int(self.verdicts[row])),
            float(self.probabilities[row]),
            self.reasons(row),
            tuple(found.layer for found in self.findings if found.informed[row]),
        )

    def reasons(self, row: int) -> tuple[Sign, ...]:
        """The signs seen on one row, strongest first."""
        return self._signs.of_row(row)

    def count(self, verdict: Verdict) -> int:
        """Number of rows with this verdict."""
        return int(np.count_nonzero(self.verdicts == verdict))


def combine(findings: Sequence[LayerFindings], count: int, settings: FilterSettings) -> Judgments:
    """Judge `count` interactions by what the layers found."""
    evidence = np.zeros(count)
    strongest = np.zeros(count)
    seen = np.zeros(count, np.int64)
    odd = np.zeros(count, np.bool_)
    persona = np.zeros(count, np.bool_)
    for found in findings:
        saw = [signs for signs in found.signs if len(signs.rows)]
        if not saw and found.reassurance is None:
            continue
        top, total = np.zeros(count), np.zeros(count)
        for signs in saw:
            top[signs.rows] = np.maximum(top[signs.rows], signs.log_odds)
            total[signs.rows] += signs.log_odds
            seen[signs.rows] += 1
            if signs.reason is Reason.REGISTERED_PERSONA:
                persona[signs.rows] = True
        weight = (top + total) / 2 if found.reassurance is None else total + found.reassurance
        evidence += weight
        odd |= weight > 0
        np.maximum(strongest, top, out=strongest)
    for found in findings:
        evidence[found.informed & ~odd] += found.silence
    probabilities = 1.0 / (1.0 + np.exp(-np.minimum(settings.prior_log_odds + evidence, _MOST)))
    bot = (probabilities >= settings.threshold) & ((strongest >= DECISIVE) | (seen > 1))
    verdicts = np.where(persona, Verdict.PERSONA, np.where(bot, Verdict.BOT, Verdict.GENUINE)).astype(np.int8)
    return Judgments(verdicts, probabilities, tuple(findings), _LazySigns(findings))


class _LazySigns:
    """Signs by row, spelled out when asked for: of a million interactions few are looked at."""

    __slots__ = ("_findings", "_places")

    def __init__(self, findings: Sequence[LayerFindings]) -> None:
        self._findings = findings
        self._places: dict[int, list[tuple[Layer, Reason, float, float]]] | None = None

    def of_row(self, row: int) -> tuple[Sign, ...]:
        """The signs seen on one row, strongest first."""
        places = self._index().get(row)
        if places is None:
            return ()
        return tuple(sorted((_spell_out(*place) for place in places), key=lambda sign: -sign.log_odds))

    def _index(self) -> dict[int, list[tuple[Layer, Reason, float, float]]]:
        """The signs of each row, made when first asked for."""
        if self._places is None:
            self._places = {}
            for found in self._findings:
                for signs in found.signs:
                    columns = signs.rows.tolist(), signs.log_odds.tolist(), signs.figures.tolist()
                    for row, log_odds, figure in zip(*columns, strict=True):
                        self._places.setdefault(row, []).append((found.layer, signs.reason, log_odds, figure))
        return self._places


def _spell_out(layer: Layer, reason: Reason, log_odds: float, figure: float) -> Sign:
    cited = None if math.isnan(figure) else figure
    return Sign(reason, layer, log_odds, cited, explain(reason, cited))
