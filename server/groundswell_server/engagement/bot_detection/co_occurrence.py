"""Co-occurrence of actors under the posts of a persona."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import numpy as np

from groundswell_server.engagement.bot_detection.community_detection import Visits, find_communities
from groundswell_server.engagement.bot_detection.handles import normalized_handles
from groundswell_server.engagement.bot_detection.interaction_batch import UNKNOWN_TIME
from groundswell_server.engagement.bot_detection.periodicity import periodic_visitors

_NOTHING: Final[Mapping[str, int]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class CoOccurrence:
    """Which actors came to which of a persona's posts, who of them always comes together, and who by the clock."""

    visited: Mapping[str, int] = field(default_factory=dict)
    """Normalized handle to the number of the persona's posts that the actor came to."""
    together: Mapping[str, int] = field(default_factory=dict)
    """Normalized handle of a member of a group to the number of posts that it came to together."""
    periods: Mapping[str, float] = field(default_factory=dict)
    """Normalized handle of an actor who comes at machine-regular gaps to their step, seconds."""
    spellings: tuple[str, ...] = ()
    """The handles of those who come together or by the clock, as they are stored."""
    posts: tuple[str, ...] = ()
    """The persona's posts that were looked at."""


NO_CO_OCCURRENCE = CoOccurrence()
"""Nothing is known of other posts."""


def find_co_occurrence(
    visits: Iterable[tuple[str, str, int]],
    popularity: Mapping[str, int],
    published_us: Mapping[str, int] = _NOTHING,
) -> CoOccurrence:
    """Finds who always comes together, and who by the clock.

    Args:
        visits: (actor handle, post id, microseconds since 1970 UTC), in any order, repeats allowed; the posts are some
            of `popularity`'s.
        popularity: interactions of each of the persona's posts on one platform, by post id; those that nobody of
            `visits` came to belong in here too.
        published_us: when these posts were published; without, nobody is looked for who comes by the clock.
    """
    first: defaultdict[str, dict[str, int]] = defaultdict(dict)
    visits = list(visits)
    spelled = normalized_handles(handle for handle, _, _ in visits)
    for handle, post, time in visits:
        if post in popularity and time != UNKNOWN_TIME and spelled[handle]:
            posts = first[spelled[handle]]
            posts[post] = min(time, posts.get(post, time))
    together = _together(first, popularity)
    regular = periodic_visitors(first, published_us)
    return CoOccurrence(
        {handle: len(posts) for handle, posts in first.items()},
        together,
        regular,
        tuple(handle for handle, normalized in spelled.items() if normalized in together or normalized in regular),
        tuple(popularity),
    )


def _together(first: Mapping[str, Mapping[str, int]], popularity: Mapping[str, int]) -> dict[str, int]:
    """Members of groups, with the posts together, among actors whose first times under posts are given."""
    actors = list(first)
    column_of = {post: column for column, post in enumerate(popularity)}
    times = np.full((len(actors), len(popularity)), np.nan)
    for row, handle in enumerate(actors):
        for post, time in first[handle].items():
            times[row, column_of[post]] = time
    communities = find_communities(Visits(times, np.array(list(popularity.values()), np.float64)))
    return {actors[row]: found.posts_together for found in communities for row in found.accounts}
