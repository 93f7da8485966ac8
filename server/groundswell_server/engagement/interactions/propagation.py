"""Propagation of verdicts: evidence on one post that changes verdicts on the persona's other posts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from groundswell_server.engagement.bot_detection.co_occurrence import CoOccurrence
from groundswell_server.engagement.bot_detection.graph_layer import co_occurrence_log_odds
from groundswell_server.engagement.bot_detection.handles import normalize_handles, normalized_handles
from groundswell_server.engagement.bot_detection.score_combination import DECISIVE
from groundswell_storage.engagement import interactions
from groundswell_storage.engagement.enums import Verdict
from groundswell_storage.scope import Scope

MAX_POSTS: Final = 20
"""Other posts that one batch requests to rejudge; the next batch requests further ones."""


def posts_to_rejudge(
    scope: Scope, post_id: str, handles: Sequence[str], co_occurrence: CoOccurrence, verdicts: Sequence[int]
) -> tuple[str, ...]:
    """Returns other posts on which accounts still count as genuine that co-occurrence or periodicity made bots here.

    `handles` are those of the interactions with the verdicts. An account that is genuine here in spite of such
    evidence is genuine elsewhere too, and requests nothing.
    """
    if not co_occurrence.spellings:
        return ()
    bots = [handle for handle, verdict in zip(handles, verdicts, strict=True) if verdict == Verdict.BOT]
    together = {handle for handle, posts in co_occurrence.together.items() if co_occurrence_log_odds(posts) >= DECISIVE}
    caught = set(normalize_handles(bots)).intersection(co_occurrence.periods.keys() | together)
    wanted = [spelled for spelled, handle in normalized_handles(co_occurrence.spellings).items() if handle in caught]
    if not wanted:
        return ()
    others = [post for post in co_occurrence.posts if post != post_id]
    return tuple(interactions.posts_with(scope, wanted, others, verdict=Verdict.GENUINE, limit=MAX_POSTS))
