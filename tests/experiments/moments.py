"""Moments of units with known values."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from groundswell_server.experiments.statistics.moments import Moments


def moments_of(y: ArrayLike, z: ArrayLike = 0.0, x: ArrayLike = 0.0) -> Moments:
    """Returns the moments of units with values (n,), denominators (n,) or 0, covariates (n,) or 0."""
    values = np.atleast_1d(np.asarray(y, np.float64))
    below = np.broadcast_to(np.asarray(z, np.float64), values.shape)
    before = np.broadcast_to(np.asarray(x, np.float64), values.shape)
    sums = (values.sum(), below.sum(), before.sum())
    products = (values @ values, below @ below, before @ before, values @ below, values @ before, below @ before)
    return Moments(len(values), *map(float, sums), *map(float, products))
