"""Co-occurrence of actors under a persona's posts: groups that appear together, and periodic accounts."""

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
    """The appearances of actors under a persona's posts."""

    visited: Mapping[str, int] = field(default_factory=dict)
    """Number of the persona's posts on which the actor appeared, by normalized handle."""
    together: Mapping[str, int] = field(default_factory=dict)
    """Number of posts on which a member of a group appeared together with the group, by normalized handle."""
    periods: Mapping[str, float] = field(default_factory=dict)
    """Period in seconds of each actor that appears at regular times, by normalized handle."""
    spellings: tuple[str, ...] = ()
    """Handles of the actors in `together` and `periods`, spelled as they are stored."""
    posts: tuple[str, ...] = ()
    """Ids of the persona's posts that were examined."""


NO_CO_OCCURRENCE = CoOccurrence()
"""The value to use when no other posts are known."""


def find_co_occurrence(
    visits: Iterable[tuple[str, str, int]],
    popularity: Mapping[str, int],
    published_us: Mapping[str, int] = _NOTHING,
) -> CoOccurrence:
    """Finds the groups of actors that appear together and the actors that appear periodically.

    Args:
        visits: (actor handle, post id, microseconds since 1970 UTC) in any order; repeats are allowed. The posts are
            among the keys of `popularity`.
        popularity: interactions of each of the persona's posts on one platform, by post id. Posts without any of these
            visits belong in it too.
        published_us: publication times of these posts. Without them no periodic actors are sought.
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
    """Returns the members of groups with the number of their common posts, given the first times under each post."""
    actors = list(first)
    column_of = {post: column for column, post in enumerate(popularity)}
    times = np.full((len(actors), len(popularity)), np.nan)
    for row, handle in enumerate(actors):
        for post, time in first[handle].items():
            times[row, column_of[post]] = time
    communities = find_communities(Visits(times, np.array(list(popularity.values()), np.float64)))
    return {actors[row]: found.posts_together for found in communities for row in found.accounts}
