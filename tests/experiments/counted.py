"""Experiments with given sums, which are stored without any event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from groundswell_server.experiments import lifecycle
from groundswell_server.experiments.design.design import Design, Metric, Variant
from groundswell_storage.experiments import unit_counts
from groundswell_storage.scope import Scope

DESIGN = Design(
    metrics=(Metric("conversion_rate"),),
    variants=(Variant("old", is_control=True), Variant("new")),
    min_runtime=timedelta(0),
    expected_total_sample=2_000,
    auto_complete=True,
)


def start(scope: Scope, key: str = "hooks", **changes: Any) -> lifecycle.Experiment:
    """A running experiment."""
    lifecycle.create_experiment(scope, key, replace(DESIGN, **changes))
    return lifecycle.start_experiment(scope, key)


def count(scope: Scope, experiment: lifecycle.Experiment, hits: Mapping[str, tuple[int, int]]) -> None:
    """Adds conversions and units by variant, in the first phase."""
    by_variant = {experiment.design.index(key): found for key, found in hits.items()}
    units = {(1, variant): (units, 0) for variant, (_, units) in by_variant.items() if variant is not None}
    sums = {
        (1, variant, 0): (hits, 0.0, 0.0, hits, 0.0, 0.0, 0.0, 0.0, 0.0)
        for variant, (hits, _) in by_variant.items()
        if variant is not None
    }
    unit_counts.add_units(scope, experiment.number, units)
    unit_counts.add_sums(scope, experiment.number, sums)
