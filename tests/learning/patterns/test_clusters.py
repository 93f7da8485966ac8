"""Clusters: their number, and their confirmation on other posts."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.cluster.vq import kmeans2
from scipy.spatial.distance import cdist
from sklearn.metrics import adjusted_rand_score, silhouette_score

from groundswell_server.learning.patterns.clusters import cluster, mean_silhouette
from groundswell_server.learning.patterns.k_means import ROUNDS, STARTS, k_means
from groundswell_server.learning.patterns.residuals import Array


def blobs(count: int, kinds: int, seed: int = 0) -> tuple[Array, Array]:
    random = np.random.default_rng(seed)
    truth = random.integers(0, kinds, count)
    centres = 4.0 * np.array([[np.cos(turn), np.sin(turn), 0.0] for turn in np.arange(kinds) * 2 * np.pi / kinds])
    return centres[truth] + random.normal(0.0, 0.5, (count, 3)), truth


@pytest.mark.parametrize("kinds", [2, 3, 4])
@pytest.mark.parametrize("count", [118, 400])
def test_it_finds_the_true_clusters(kinds: int, count: int) -> None:
    points, truth = blobs(count, kinds)
    found = cluster(points)
    if count == 118 and kinds == 4:
        assert found.count <= 118 // 2 // 15, "the number of clusters tried is limited by the size of a half"
        return
    assert found.count == kinds
    assert found.silhouette > 0.7
    assert adjusted_rand_score(truth, found.labels) > 0.99


@pytest.mark.parametrize("count", [2, 5, 8])
def test_the_centres_are_as_good_as_those_of_scipy(count: int) -> None:
    """Loss against the best of as many starts of `kmeans2`, on points without clusters, where starts differ."""
    ours, theirs = [], []
    for seed in range(20):
        points = np.random.default_rng(seed).normal(size=(200, 6))
        random = np.random.default_rng(seed)
        starts = [kmeans2(points, count, iter=ROUNDS, minit="++", rng=random)[0] for _ in range(STARTS)]
        theirs.append(min(loss(points, centres) for centres in starts))
        ours.append(loss(points, k_means(points, count, random)))
    assert np.mean(ours) == pytest.approx(np.mean(theirs), rel=0.01)


def test_starts_that_lose_a_cluster_are_left_out() -> None:
    assert k_means(np.zeros((50, 2)), 2, np.random.default_rng(0)).shape == (0, 2)


def loss(points: Array, centres: Array) -> float:
    """Sum of the squared distances of points from their nearest centre."""
    return float(np.square(cdist(points, centres).min(axis=1)).sum())


def test_from_120_posts_one_half_confirms_what_the_other_found() -> None:
    found = cluster(blobs(120, 2)[0])
    assert not found.cross_fitted
    assert found.confirms.sum() == 60


def test_under_120_each_half_confirms_what_the_other_found() -> None:
    found = cluster(blobs(119, 2)[0])
    assert found.cross_fitted
    assert found.confirms.all()


def test_no_post_had_part_in_the_cluster_that_it_is_confirmed_on() -> None:
    """Moving a post moves its own label at most, unless it is one of those that clusters were found on."""
    points, _ = blobs(200, 3)
    before = cluster(points)
    for row in np.flatnonzero(before.confirms)[:5]:
        moved = points.copy()
        moved[row] = 50.0
        after = cluster(moved)
        others = np.arange(len(points)) != row
        assert (after.labels[others] == before.labels[others]).all()


def test_posts_that_do_not_differ_are_in_no_clusters() -> None:
    assert cluster(np.zeros((200, 3))).count == 0
    assert cluster(np.zeros((200, 0))).count == 0
    assert cluster(np.repeat([[0.0], [1.0]], 100, axis=0)).count == 0  # two points are no clusters


@pytest.mark.parametrize("kinds", [2, 5])
def test_the_silhouette_is_scikit_learns(kinds: int) -> None:
    random = np.random.default_rng(kinds)
    points, labels = random.normal(size=(60, 3)), random.integers(0, kinds, 60)
    labels[0] = kinds  # one point is alone
    assert mean_silhouette(cdist(points, points), labels) == pytest.approx(silhouette_score(points, labels))
    assert mean_silhouette(cdist(points, points), np.zeros(60, dtype=np.intp)) == -1.0
