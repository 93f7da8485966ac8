"""Layer 5, graph: groups of actors that appear together under a persona's posts are a bot farm."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from groundswell_server.engagement.bot_detection.co_occurrence import CoOccurrence
from groundswell_server.engagement.bot_detection.handles import normalize_handles
from groundswell_server.engagement.bot_detection.interaction_batch import InteractionBatch
from groundswell_server.engagement.bot_detection.layer_findings import LayerFindings, Signals
from groundswell_server.engagement.bot_detection.reasons import Layer, Reason

MAX_POSTS: Final = 50
"""The persona's newest posts that are examined."""
_SLOPE: Final = 1.2
_MAX_LOG_ODDS: Final = 4.2


def co_occurrence_log_odds(posts: int) -> float:
    """Returns the weight of membership in a group with so many common posts: from five on it decides."""
    return min(_MAX_LOG_ODDS, _SLOPE * math.log2(posts)) if posts > 1 else 0.0


def graph_findings(batch: InteractionBatch, co_occurrence: CoOccurrence) -> LayerFindings:
    """Returns the signals of the members of groups. A single post is no evidence."""
    handles = normalize_handles(batch.actors.values) if co_occurrence.visited else []
    several = _by_actor(batch, [co_occurrence.visited.get(handle, 0) for handle in handles]) > 1
    posts = _by_actor(batch, [co_occurrence.together.get(handle, 0) for handle in handles])
    found = [(row, co_occurrence_log_odds(count), float(count)) for row, count in enumerate(posts.tolist()) if count]
    return LayerFindings(Layer.GRAPH, several, (Signals.collect(Reason.CO_INTERACTION, found),))


def _by_actor(batch: InteractionBatch, figures: Sequence[int]) -> NDArray[np.int64]:
    """Converts figures of distinct actors to figures of rows."""
    if not figures:
        return np.zeros(len(batch), np.int64)
    rows: NDArray[np.int64] = np.array(figures, np.int64)[batch.actors.codes]
    return rows
