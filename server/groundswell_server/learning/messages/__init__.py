"""Learning between protobuf and the domain.

Enums of the domain have the contract's names (model types, stages, tiers, ...) or its numbers (all of content).
"""

from groundswell_server.learning.messages.content import (
    aim_in,
    content_query_in,
    fill_score,
    optimization_message,
    scores_message,
)
from groundswell_server.learning.messages.enums import model_type_in, stage_in
from groundswell_server.learning.messages.models import importance_message, model_message, promotion_fields
from groundswell_server.learning.messages.predictions import engagement_message, level_in, success_message
from groundswell_server.learning.messages.timing import timing_message, timing_query_in
from groundswell_server.learning.messages.training import pinned, run_of

__all__ = [
    "aim_in",
    "content_query_in",
    "engagement_message",
    "fill_score",
    "importance_message",
    "level_in",
    "model_message",
    "model_type_in",
    "optimization_message",
    "pinned",
    "promotion_fields",
    "run_of",
    "scores_message",
    "stage_in",
    "success_message",
    "timing_message",
    "timing_query_in",
]
