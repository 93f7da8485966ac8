"""Fixed-horizon experiments: how often a difference is found at the planned size, with and without an effect.

Every function returns (experiments,) p values, computed by the functions that analyse real experiments.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from groundswell_server.experiments.statistics.fixed_horizon import pooled_z, relative_lift, welch_t
from groundswell_server.experiments.statistics.variant_means import (
    VariantMeans,
    conversions,
    phase_weights,
    standardize,
)

Array = NDArray[np.float64]

_AT_ONCE = 500
"""Experiments whose units are drawn at once: memory stays small."""


def of_conversions(
    experiments: int, units: tuple[int, int], shares: tuple[float, float], random: np.random.Generator
) -> Array:
    """Conversions with these true shares."""
    a, b = (_conversions(experiments, *arm, random) for arm in zip(units, shares, strict=True))
    return pooled_z(a, b, phase_weights([a, b])).p_value


def of_phases(experiments: int, random: np.random.Generator) -> Array:
    """Conversions without an effect, while the split goes from 9:1 to 1:1 and everybody's share from 10% to 20%."""
    first, second = (
        [_conversions(experiments, units, share, random) for units, share in zip(arm, (0.1, 0.2), strict=True)]
        for arm in ((4_500, 2_500), (500, 2_500))
    )
    a, b = (
        VariantMeans(
            *(np.concatenate([getattr(phase, name) for phase in arm]) for name in ("count", "mean", "variance"))
        )
        for arm in (first, second)
    )
    return pooled_z(a, b, phase_weights([a, b])).p_value


def of_values(
    experiments: int,
    units: tuple[int, int],
    lift: float,
    random: np.random.Generator,
    *,
    relative: bool = False,
) -> Array:
    """Skewed values (gamma of shape 1/2, standard deviation 1.41 times the mean), b's higher by `lift` of it."""
    p_values = []
    for _ in range(0, experiments, _AT_ONCE):
        arms = [
            random.standard_gamma(0.5, (_AT_ONCE, count)) * 2.0 + shift
            for count, shift in zip(units, (0.0, lift), strict=True)
        ]
        a, b = (VariantMeans(*_moments(values)) for values in arms)
        weights = phase_weights([a, b])
        means = standardize(a, weights), standardize(b, weights)
        p_values.append((relative_lift if relative else welch_t)(*means).p_value)
    return np.concatenate(p_values)


def _conversions(experiments: int, units: int, share: float, random: np.random.Generator) -> VariantMeans:
    return conversions(
        random.binomial(units, share, (1, experiments)).astype(float), np.full((1, experiments), float(units))
    )


def _moments(values: Array) -> tuple[Array, Array, Array]:
    """(1, experiments) count, mean and variance of values (experiments, units)."""
    count = np.full((1, len(values)), float(values.shape[1]))
    return count, values.mean(axis=1)[None], values.var(axis=1, ddof=1)[None]
