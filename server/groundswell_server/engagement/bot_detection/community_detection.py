"""Detects communities: groups of accounts that appear under the same posts at the same times.

Fans also appear under the same posts: under all of them, or under those that everybody visits. Two accounts are
therefore joined only when their visits coincide more often than the popularity of the posts, the activity of the two
accounts and the hours of the audience explain. The probability of a coincidence by chance is bounded as for a binomial
distribution (H. Chernoff, "A measure of asymptotic efficiency", 1952) and corrected for the number of pairs. The groups
of the graph are found with the Louvain method (V. Blondel et al., "Fast unfolding of communities in large networks",
2008) of `networkx`, which is imported only when the graph has edges.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

TOGETHER_US: Final = 10 * 60 * 1_000_000
"""Two visits of a post within this many microseconds are simultaneous."""
MIN_POSTS: Final = 4
"""Posts that two accounts must visit together, and posts that both must leave out."""
ALWAYS: Final = 0.8
"""Share of the posts of two accounts that they must visit together."""
MIN_MEMBERS: Final = 4
DENSITY: Final = 0.5
"""Share of the pairs of a group that must be joined."""
MAX_ACCOUNTS: Final = 1_000
"""Accounts that are compared with one another: those with the most posts."""
SAME_POSTS: Final = math.log(1e3)
"""Surprise (negative natural logarithm of the probability) required of the common posts, regardless of times."""
CHANCE: Final = 1e-3
"""Probability that at least one pair is joined by chance."""


@dataclass(frozen=True, slots=True, eq=False)
class Visits:
    """The first interactions of m accounts with p posts."""

    times_us: NDArray[np.float64]
    """(m, p) microseconds since 1970 UTC, NaN where an account did not visit a post."""
    popularity: NDArray[np.float64]
    """(p,) total number of interactions of each post."""


_Pairs = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]
"""Pairs of accounts: the row of the first, the row of the second, and the number of posts they visited together."""


@dataclass(frozen=True, slots=True)
class Community:
    """A group of accounts that appear together."""

    accounts: tuple[int, ...]
    """Rows of `Visits`, ascending."""
    posts_together: int
    """Median number of posts that two members visited together."""


def find_communities(visits: Visits) -> list[Community]:
    """Returns the groups of accounts that appear together, largest first."""
    visited = ~np.isnan(visits.times_us)
    counts = visited.sum(axis=1)
    missed = visited.shape[1] - counts
    able = np.flatnonzero((counts >= MIN_POSTS) & (missed >= MIN_POSTS))
    able = np.sort(able[np.argsort(-counts[able], kind="stable")[:MAX_ACCOUNTS]])
    if len(able) < MIN_MEMBERS:
        return []
    met = _frequent_pairs(visits.times_us[able])
    # The following steps are expensive, and for most posts there is no pair.
    if not len(met[0]):
        return []
    first, second, together = _beyond_chance(
        met, visits.times_us[able], visits.popularity, _coincidence_share(visits.times_us)
    )
    if not len(first):
        return []
    return _communities(zip(able[first].tolist(), able[second].tolist(), together.tolist(), strict=True))


def _frequent_pairs(times: NDArray[np.float64]) -> _Pairs:
    """Returns the pairs that visit enough posts together to be in a group."""
    visited = ~np.isnan(times)
    same = visited.astype(np.float64) @ visited.T
    counts = visited.sum(axis=1)
    union = counts[:, None] + counts - same
    first, second = np.nonzero(np.triu((same >= MIN_POSTS) & (same >= ALWAYS * union), 1))
    close = np.abs(times[first] - times[second]) <= TOGETHER_US
    together = close.sum(axis=1)
    often = (together >= MIN_POSTS) & (together >= ALWAYS * union[first, second])
    return first[often], second[often], together[often]


def _beyond_chance(met: _Pairs, times: NDArray[np.float64], popularity: NDArray[np.float64], share: float) -> _Pairs:
    """Returns the pairs that coincide more often than chance explains."""
    first, second, together = met
    visited = ~np.isnan(times)
    counts = visited.sum(axis=1)
    likely = _likely(counts, popularity)
    shared = (visited[first] & visited[second]).sum(axis=1)
    pairs = math.log(max(1, len(times) * (len(times) - 1) // 2))
    both = np.minimum(
        _surprise(shared, visited, likely, first, second), _surprise(shared, visited, likely, second, first)
    )
    timed = likely * share
    surprise = np.minimum(
        _surprise(together, visited, timed, first, second), _surprise(together, visited, timed, second, first)
    )
    kept = (both >= SAME_POSTS) & (surprise >= pairs - math.log(CHANCE))
    return first[kept], second[kept], together[kept]


def _likely(counts: NDArray[np.int64], popularity: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the (m, p) probability that an account with so many visits visits a post, by the post's popularity."""
    share = np.maximum(popularity, 1.0) / np.maximum(popularity, 1.0).sum()
    likely: NDArray[np.float64] = np.minimum(1.0, counts[:, None] * share)
    # Where the probability of some posts reaches 1, that of the others has to rise for the sum to be right.
    for _ in range(8):
        rest = np.where(likely < 1.0, likely, 0.0)
        missing = counts - (likely - rest).sum(axis=1)
        factor = missing / np.maximum(rest.sum(axis=1), 1e-9)
        likely = np.where(likely < 1.0, np.minimum(1.0, rest * factor[:, None]), 1.0)
    return likely


def _coincidence_share(times: NDArray[np.float64]) -> float:
    """Returns the share of simultaneous visits among all pairs of visits of the same post, over all posts."""
    close = pairs = 0
    for post in range(times.shape[1]):
        ascending = np.sort(times[~np.isnan(times[:, post]), post])
        until = np.searchsorted(ascending, ascending + TOGETHER_US, side="right")
        close += int(until.sum()) - len(ascending) * (len(ascending) + 1) // 2
        pairs += len(ascending) * (len(ascending) - 1) // 2
    return (close + 1.0) / (pairs + 1.0)


def _surprise(
    hits: NDArray[np.float64] | NDArray[np.int64],
    visited: NDArray[np.bool_],
    likely: NDArray[np.float64],
    given: NDArray[np.int64],
    other: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Returns minus the logarithm of a bound on the chance of so many `hits` of `other` among the posts of `given`."""
    trials = visited[given].sum(axis=1)
    expected = np.clip((visited[given] * likely[other]).sum(axis=1) / trials, 1e-9, 1.0 - 1e-9)
    found = np.clip(hits / trials, 1e-9, 1.0)
    miss = 1.0 - found
    rest = np.where(miss > 0, miss * np.log(np.maximum(miss, 1e-300) / (1.0 - expected)), 0.0)
    divergence = found * np.log(found / expected) + rest
    surprise: NDArray[np.float64] = np.where(found > expected, trials * divergence, 0.0)
    return surprise


def _communities(edges: Iterable[tuple[int, int, int]]) -> list[Community]:
    import networkx

    graph = networkx.Graph()
    graph.add_weighted_edges_from(edges)
    found = []
    for members in networkx.community.louvain_communities(graph, seed=1):
        inner = graph.subgraph(members)
        if len(members) >= MIN_MEMBERS and networkx.density(inner) >= DENSITY:
            together = np.median([weight for _, _, weight in inner.edges(data="weight")])
            found.append(Community(tuple(sorted(members)), int(together)))
    return sorted(found, key=lambda community: (-len(community.accounts), community.accounts))
