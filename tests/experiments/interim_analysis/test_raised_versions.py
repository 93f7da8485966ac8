"""A raised bucket version with a new split: returning units create no effect in an experiment without one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from groundswell_server.experiments.design.design import Design, Metric, Variant
from groundswell_server.experiments.design.validation import complete
from groundswell_server.experiments.interim_analysis.interim_analysis import Counts, InterimAnalysis, analyze
from groundswell_server.experiments.lifecycle import Experiment, Phase
from groundswell_storage.experiments.enums import ExperimentState
from groundswell_storage.experiments.unit_counts import PhaseVariant

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)
SPLITS = {1: (0.5, 0.5), 2: (0.9, 0.1)}
BEFORE, SINCE, TIMES = 4_000, 2_000, 250


def experiment(versions: tuple[int, int]) -> Experiment:
    """Returns a setup of two phases under these bucket versions, each a day long."""
    variants = (Variant("old", is_control=True, weight=0.9), Variant("new", weight=0.1))
    design = complete(Design((Metric("conversion_rate"),), variants, bucket_version=versions[1]), "hooks")
    phases = tuple(
        Phase(number, START + DAY * (number - 1), START + DAY * number, SPLITS[number], 1.0, "", version)
        for number, version in enumerate(versions, 1)
    )
    times = {"create_time": START, "update_time": START, "start_time": START, "end_time": None}
    return Experiment(1, "", "hooks", design, ExperimentState.RUNNING, 0, phases, "", "", version=1, **times)


def counted(random: np.random.Generator) -> Counts:
    """Returns counts where half of the units are busy: they convert more often, and most return after the raise.

    A unit's bucket stays. A unit that returns and gets the other variant under the new split counts in neither.
    """
    units: dict[PhaseVariant, tuple[int, int]] = {}
    sums = {}
    for phase, size in ((1, BEFORE), (2, SINCE)):
        busy, bucket = random.random(size) < 0.5, random.random(size)
        converts = random.random(size) < np.where(busy, 0.3, 0.05)
        comes_back = (random.random(size) < np.where(busy, 0.9, 0.1)) & (phase == 1)
        variant = bucket >= SPLITS[phase][0]
        crossed = comes_back & (variant != (bucket >= SPLITS[2][0]))
        for number in (0, 1):
            counts = (variant == number) & ~crossed
            hits = float(converts[counts].sum())
            units[phase, number] = int(counts.sum()), int((crossed & (variant == number)).sum())
            sums[phase, number, 0] = (hits, 0.0, 0.0, hits, 0.0, 0.0, 0.0, 0.0, 0.0)
    return Counts(units, sums)


def analyses(versions: tuple[int, int]) -> list[InterimAnalysis]:
    random = np.random.default_rng(21)
    return [
        analyze(experiment(versions), counted(random), START + 2 * DAY, None, is_scheduled=True) for _ in range(TIMES)
    ]


def share_found(found: list[InterimAnalysis]) -> float:
    """Returns the share of experiments with a significant difference at 5%, although there is none."""
    return float(np.mean([one.analysis.results[0].comparisons[1].fixed.p_value < 0.05 for one in found]))


def test_no_effect_is_found_without_one() -> None:
    found = analyses((1, 2))
    assert sum(one.analysis.sample_ratio.is_mismatch for one in found) <= 3
    assert abs(share_found(found) - 0.05) < 4 * (0.05 * 0.95 / TIMES) ** 0.5
    assert {one.units for one in found} == {SINCE}
    assert all(one.units + one.excluded_count + one.crossed_count == BEFORE + SINCE for one in found)
    assert found[0].analysis.results[0].comparisons[1].difference != 0.0


def test_units_from_before_the_raise_would_create_a_false_effect() -> None:
    """With the same version the busy units are missing from one variant only."""
    assert share_found(analyses((1, 1))) > 0.7
