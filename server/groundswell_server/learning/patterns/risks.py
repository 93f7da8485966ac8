"""What goes with a failure more often than chance explains: Fisher's exact test of every trait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from groundswell_server.learning.patterns.associations import DISCOVERY_RATE

FEWEST = 3
"""Contexts with a trait, and without it."""


@dataclass(frozen=True, slots=True)
class Risk:
    """A trait that goes with a failure."""

    trait: str
    share_with: float
    """Of the contexts with it that failed, 0 to 1."""
    share_without: float
    context_count: int
    """Contexts with it."""
    adjusted_p_value: float


@dataclass(frozen=True, slots=True)
class Exposure:
    """Which of some contexts failed, and which had what."""

    failed: Sequence[bool]
    """n"""
    traits: Mapping[str, frozenset[int]]
    """Places of the contexts by trait."""


def find_risks(exposures: Sequence[Exposure]) -> list[list[Risk]]:
    """For each kind of failure the traits that go with it, surest first.

    One-sided; p values are corrected for all traits of all kinds together (Benjamini and Hochberg, 10%).
    """
    tables = [(place, trait, table) for place, one in enumerate(exposures) for trait, table in _tables(one).items()]
    risks: list[list[Risk]] = [[] for _ in exposures]
    if not tables:
        return risks
    hit, inside, failures, total = np.array([table for _, _, table in tables]).T
    p_values = np.clip(stats.hypergeom.sf(hit - 1, total, failures, inside), 0.0, 1.0)
    adjusted = stats.false_discovery_control(p_values, method="bh")
    for (place, trait, (hits, with_it, failed, count)), p_value in zip(tables, adjusted.tolist(), strict=True):
        risk = Risk(trait, hits / with_it, (failed - hits) / (count - with_it), with_it, p_value)
        if p_value <= DISCOVERY_RATE and risk.share_with > risk.share_without:
            risks[place].append(risk)
    for found in risks:
        found.sort(key=lambda risk: (risk.adjusted_p_value, -risk.share_with, risk.trait))
    return risks


def _tables(exposure: Exposure) -> dict[str, tuple[int, int, int, int]]:
    """By trait: failures with it, contexts with it, failures, contexts."""
    total = len(exposure.failed)
    failures = sum(exposure.failed)
    return {
        trait: (sum(exposure.failed[place] for place in places), len(places), failures, total)
        for trait, places in exposure.traits.items()
        if FEWEST <= len(places) <= total - FEWEST
    }
