"""Clusters of posts, found on one half of the posts and applied to the other; their number maximises the silhouette."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from groundswell_server.learning.patterns.k_means import k_means
from groundswell_server.learning.patterns.residuals import Array

MAX_CLUSTERS = 8
MIN_PER_CLUSTER = 15
"""The number of posts of a half per cluster; with fewer, the number of clusters is mostly noise."""
CROSS_FITTED_BELOW = 120
"""The sample size below which half of the posts are too few to confirm clusters."""

_SILHOUETTE_SAMPLE = 1_000
"""The maximum number of posts for the silhouette, which compares all pairs."""


@dataclass(frozen=True, slots=True)
class Clustering:
    """The assignment of n posts to K clusters."""

    labels: NDArray[np.intp]
    """(n,) 0 to K - 1."""
    confirms: NDArray[np.bool_]
    """(n,) true for posts that were not used to find their cluster."""
    count: int
    """K; 0 if the posts do not differ."""
    silhouette: float
    """The mean silhouette of the posts that the clusters were found on, -1 to 1."""
    cross_fitted: bool


def cluster(points: Array, seed: int = 0) -> Clustering:
    """Clusters n standardised points (n, S).

    From `CROSS_FITTED_BELOW` points on, one half finds the clusters and the other confirms them. With fewer points,
    each half is assigned to the clusters that the other half found, matched by their centres, so that all n confirm
    (cross-fitting).
    """
    random = np.random.default_rng(seed)
    first = np.zeros(len(points), dtype=np.bool_)
    first[random.permutation(len(points))[: len(points) // 2]] = True
    cross_fitted = len(points) < CROSS_FITTED_BELOW
    centres, silhouette = _best_centres(points[first], seed)
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


def _best_centres(points: Array, seed: int) -> tuple[Array, float]:
    """Returns the centres (K, S) with the best silhouette, and that silhouette; K < 2 if the points do not differ."""
    sampled = np.random.default_rng(seed).permutation(len(points))[:_SILHOUETTE_SAMPLE]
    distances = cdist(points[sampled], points[sampled])
    best, best_silhouette = points[:0], -1.0
    for count in range(2, min(MAX_CLUSTERS, len(points) // MIN_PER_CLUSTER, _distinct(points) - 1) + 1):
        centres = k_means(points, count, np.random.default_rng(seed))
        if not len(centres):
            continue
        silhouette = mean_silhouette(distances, _nearest(points[sampled], centres))
        if silhouette > best_silhouette:
            best, best_silhouette = centres, silhouette
    return best, best_silhouette


def mean_silhouette(distances: Array, labels: NDArray[np.intp]) -> float:
    """Returns the mean silhouette of n points from their distances (n, n); -1 if all are in one cluster.

    The silhouette of a point is (b - a) / max(a, b), where a is its mean distance from the other points of its cluster
    and b that from the points of the nearest other cluster; it is 0 in a cluster of one point. Source: Rousseeuw 1987.
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
    """Returns (n,) the nearest centre of each point."""
    return np.asarray(cdist(points, centres).argmin(axis=1), dtype=np.intp)
