"""Clusters of posts: found on one half, carried over to the other; the number of them by silhouette."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score
from threadpoolctl import threadpool_limits

from groundswell_server.learning.patterns.residuals import Array

MOST_CLUSTERS = 8
FEWEST_PER_CLUSTER = 15
"""Posts of a half for each cluster that is tried: with fewer the number is not told from noise."""
CROSS_FITTED_BELOW = 120
"""Samples under which half of them is too few to confirm on."""

_STARTS = 4
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
    with threadpool_limits(1):  # the other cores serve
        centres, silhouette = _found_on(points[first], seed)
        if len(centres) < 2:
            return Clustering(np.zeros(len(points), dtype=np.intp), ~first, 0, 0.0, cross_fitted)
        if not cross_fitted:
            return Clustering(_nearest(points, centres), ~first, len(centres), silhouette, False)
        others = _centres(points[~first], len(centres), seed)
    _, order = linear_sum_assignment(cdist(centres, others))
    labels = np.where(first, _nearest(points, others[order]), _nearest(points, centres))
    return Clustering(labels, np.ones_like(first), len(centres), silhouette, True)


def _found_on(points: Array, seed: int) -> tuple[Array, float]:
    """(K, S) the centres whose number has the best silhouette, and that; fewer than 2 where points do not differ."""
    distinct = len(np.unique(points, axis=0)) if points.shape[1] else 0
    best, best_silhouette = points[:0], -1.0
    for count in range(2, min(MOST_CLUSTERS, len(points) // FEWEST_PER_CLUSTER, distinct - 1) + 1):
        centres = _centres(points, count, seed)
        silhouette = _silhouette(points, _nearest(points, centres), seed)
        if silhouette > best_silhouette:
            best, best_silhouette = centres, silhouette
    return best, best_silhouette


def _silhouette(points: Array, labels: NDArray[np.intp], seed: int) -> float:
    """The mean silhouette of at most `_JUDGED` points: Rousseeuw 1987."""
    if len(points) > _JUDGED:
        chosen = np.random.default_rng(seed).choice(len(points), _JUDGED, replace=False)
        points, labels = points[chosen], labels[chosen]
    if len(np.unique(labels)) < 2:
        return -1.0
    return float(silhouette_score(points, labels))


def _centres(points: Array, count: int, seed: int) -> Array:
    count = min(count, len(np.unique(points, axis=0)))
    centres: Array = KMeans(count, n_init=_STARTS, random_state=seed).fit(points).cluster_centers_
    return centres


def _nearest(points: Array, centres: Array) -> NDArray[np.intp]:
    """(n,) the nearest centre of each point."""
    return np.asarray(cdist(points, centres).argmin(axis=1), dtype=np.intp)
