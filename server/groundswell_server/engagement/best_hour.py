"""The analysis of a post, with the best hour to post that LearningService predicts."""

from __future__ import annotations

from datetime import timedelta

from groundswell_server.engagement import messages
from groundswell_server.engagement.analysis.post_analysis import (
    AnalyzedPost,
    HourFigures,
    analyze_stored_post,
    with_hour,
)
from groundswell_server.engagement.posts.posts import Post
from groundswell_server.peers.peers import Caller, Peers
from groundswell_server.runtime.call import Call
from groundswell_storage.errors import GroundswellError


async def analyze_with_best_hour(call: Call, peers: Peers, post_id: str, target_age: timedelta) -> AnalyzedPost:
    """Returns the analysis of a post; recommends an hour if LearningService has a reliable one. Raises NotFound."""
    analyzed = await call.read(analyze_stored_post, post_id, target_age)
    return with_hour(analyzed, await _best_hour(call, peers, analyzed.post))


async def _best_hour(caller: Caller, peers: Peers, post: Post) -> HourFigures | None:
    """Returns the predicted best hour; None when LearningService has too little data or does not answer."""
    try:
        return messages.best_hour(await peers.call(caller, peers.learning.PredictTiming, messages.timing_request(post)))
    except GroundswellError:
        return None
