"""Risk factors of failures: Fisher's exact test of every trait, corrected for their number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from groundswell_server.learning.patterns.associations import DISCOVERY_RATE

MIN_CONTEXTS = 3
"""The minimum number of contexts with a trait, and of contexts without it."""


@dataclass(frozen=True, slots=True)
class FailureRisk:
    """A trait that is associated with a failure. The fields are those of the contract."""

    trait: str
    share_with: float
    """The share of the contexts with the trait that failed, 0 to 1."""
    share_without: float
    """The share of the contexts without the trait that failed, 0 to 1."""
    context_count: int
    """The number of contexts with the trait."""
    adjusted_p_value: float


@dataclass(frozen=True, slots=True)
class Exposure:
    """The failures of n contexts and the traits that each was exposed to."""

    failed: Sequence[bool]
    """n"""
    traits: Mapping[str, frozenset[int]]
    """The places of the contexts by trait."""


def find_risks(exposures: Sequence[Exposure]) -> list[list[FailureRisk]]:
    """Returns for each kind of failure the traits associated with it, the smallest p value first.

    The tests are one-sided. Their p values are corrected for all traits of all kinds together (Benjamini and Hochberg,
    10%).
    """
    tables = [(place, trait, table) for place, one in enumerate(exposures) for trait, table in _tables(one).items()]
    risks: list[list[FailureRisk]] = [[] for _ in exposures]
    if not tables:
        return risks
    hit, inside, failures, total = np.array([table for _, _, table in tables]).T
    p_values = np.clip(stats.hypergeom.sf(hit - 1, total, failures, inside), 0.0, 1.0)
    adjusted = stats.false_discovery_control(p_values, method="bh")
    for (place, trait, (hits, with_it, failed, count)), p_value in zip(tables, adjusted.tolist(), strict=True):
        risk = FailureRisk(trait, hits / with_it, (failed - hits) / (count - with_it), with_it, p_value)
        if p_value <= DISCOVERY_RATE and risk.share_with > risk.share_without:
            risks[place].append(risk)
    for found in risks:
        found.sort(key=lambda risk: (risk.adjusted_p_value, -risk.share_with, risk.trait))
    return risks


def _tables(exposure: Exposure) -> dict[str, tuple[int, int, int, int]]:
    """Returns by trait: failures with it, contexts with it, failures, contexts."""
    total = len(exposure.failed)
    failures = sum(exposure.failed)
    return {
        trait: (sum(exposure.failed[place] for place in places), len(places), failures, total)
        for trait, places in exposure.traits.items()
        if MIN_CONTEXTS <= len(places) <= total - MIN_CONTEXTS
    }
