"""Clusters of posts: found on one half, carried over to the other; the number of them by silhouette."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from groundswell_server.learning.patterns.k_means import k_means
from groundswell_server.learning.patterns.residuals import Array

MOST_CLUSTERS = 8
FEWEST_PER_CLUSTER = 15
"""Posts of a half for each cluster that is tried: with fewer the number is not told from noise."""
CROSS_FITTED_BELOW = 120
"""Samples under which half of them is too few to confirm on."""

_JUDGED = 1_000
"""Posts that the silhouette is taken over: it compares all pairs."""


@dataclass(frozen=True, slots=True)
class Clustering:
    """Which of n posts is in which of K clusters."""

    labels: NDArray[np.intp]
    """(n,) 0 to K - 1."""
    confirms: NDArray[np.bool_]
    """(n,) posts that had no part in finding the cluster they are put in."""
    count: int
    """K; 0 when posts do not differ."""
    silhouette: float
    """Mean over the posts that clusters were found on, -1 to 1."""
    cross_fitted: bool


def cluster(points: Array, seed: int = 0) -> Clustering:
    """Clusters n standardised points (n, S) of which half are left out of the finding.

    From `CROSS_FITTED_BELOW` points one half finds and the other confirms; below, each half is put into the clusters
    that the other found, matched by their centres, so that all n confirm.
    """
    random = np.random.default_rng(seed)
    first = np.zeros(len(points), dtype=np.bool_)
    first[random.permutation(len(points))[: len(points) // 2]] = True
    cross_fitted = len(points) < CROSS_FITTED_BELOW
    centres, silhouette = _found_on(points[first], seed)
    others = (
        k_means(points[~first], len(centres), np.random.default_rng(seed)) if cross_fitted and len(centres) else centres
    )
    if min(len(centres), len(others)) < 2:
        return Clustering(np.zeros(len(points), dtype=np.intp), ~first, 0, 0.0, cross_fitted)
    if not cross_fitted:
        return Clustering(_nearest(points, centres), ~first, len(centres), silhouette, False)
    mine, theirs = linear_sum_assignment(cdist(centres, others))
    centres, others = centres[mine], others[theirs]
    labels = np.where(first, _nearest(points, others), _nearest(points, centres))
    return Clustering(labels, np.ones_like(first), len(centres), silhouette, True)


def _found_on(points: Array, seed: int) -> tuple[Array, float]:
    """(K, S) the centres whose number has the best silhouette, and that; fewer than 2 where points do not differ."""
    judged = np.random.default_rng(seed).permutation(len(points))[:_JUDGED]
    distances = cdist(points[judged], points[judged])
    best, best_silhouette = points[:0], -1.0
    for count in range(2, min(MOST_CLUSTERS, len(points) // FEWEST_PER_CLUSTER, _distinct(points) - 1) + 1):
        centres = k_means(points, count, np.random.default_rng(seed))
        if not len(centres):
            continue
        silhouette = mean_silhouette(distances, _nearest(points[judged], centres))
        if silhouette > best_silhouette:
            best, best_silhouette = centres, silhouette
    return best, best_silhouette


def mean_silhouette(distances: Array, labels: NDArray[np.intp]) -> float:
    """The mean silhouette of n points from their distances (n, n): Rousseeuw 1987.

    Of a point 1 - a / b, or b / a - 1 where that is less: a is its mean distance from the others of its cluster, b
    from those of the nearest other one; 0 where it is alone. -1 where all are in one cluster.
    """
    numbers, places, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    if len(numbers) < 2:
        return -1.0
    sums = distances @ np.eye(len(numbers))[places]
    every = np.arange(len(labels))
    own = sums[every, places] / np.maximum(sizes[places] - 1, 1)
    others = sums / sizes
    others[every, places] = np.inf
    nearest = others.min(axis=1)
    widest = np.maximum(np.maximum(own, nearest), 1e-300)
    return float(np.where(sizes[places] > 1, (nearest - own) / widest, 0.0).mean())


def _distinct(points: Array) -> int:
    return len(np.unique(points, axis=0)) if points.shape[1] else 0


def _nearest(points: Array, centres: Array) -> NDArray[np.intp]:
    """(n,) the nearest centre of each point."""
    return np.asarray(cdist(points, centres).argmin(axis=1), dtype=np.intp)
