"""Conversion of messages of EngagementService to and from domain records."""

from groundswell_server.engagement.messages.analysis import (
    analysis_message,
    audience_message,
    best_hour,
    timing_request,
)
from groundswell_server.engagement.messages.change_feed import change_filter, change_message
from groundswell_server.engagement.messages.detectors import (
    bot_probabilities,
    bots_request,
    spam_probabilities,
    spam_request,
)
from groundswell_server.engagement.messages.imports import import_message, import_rows
from groundswell_server.engagement.messages.interactions import interaction_message, new_interactions, recorded_message
from groundswell_server.engagement.messages.metrics import (
    counts_in,
    demographics_in,
    measured_message,
    timeline_message,
)
from groundswell_server.engagement.messages.resources import (
    connection_draft,
    connection_message,
    context_changes,
    context_draft,
    context_end,
    context_message,
    persona_changes,
    persona_draft,
    persona_message,
    post_changes,
    post_draft,
    post_filter,
    post_message,
    settings_message,
)
from groundswell_server.engagement.messages.sync import hourly_sync, pinned_sync, sync_message, sync_scope

__all__ = [
    "analysis_message",
    "audience_message",
    "best_hour",
    "bot_probabilities",
    "bots_request",
    "change_filter",
    "change_message",
    "connection_draft",
    "connection_message",
    "context_changes",
    "context_draft",
    "context_end",
    "context_message",
    "counts_in",
    "demographics_in",
    "hourly_sync",
    "import_message",
    "import_rows",
    "interaction_message",
    "measured_message",
    "new_interactions",
    "persona_changes",
    "persona_draft",
    "persona_message",
    "pinned_sync",
    "post_changes",
    "post_draft",
    "post_filter",
    "post_message",
    "recorded_message",
    "settings_message",
    "spam_probabilities",
    "spam_request",
    "sync_message",
    "sync_scope",
    "timeline_message",
    "timing_request",
]
