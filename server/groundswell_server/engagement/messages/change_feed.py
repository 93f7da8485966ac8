"""Messages of WatchEngagement."""

from __future__ import annotations

from typing import Any

from groundswell.v1 import engagement_pb2 as pb
from groundswell_server.conversions.protobuf_conversions import fields_of
from groundswell_server.engagement.change_feed import Change, ChangeFilter, InteractionsJudged, PostDeleted
from groundswell_server.engagement.contexts.contexts import Context
from groundswell_server.engagement.posts.posts import Post
from groundswell_server.engagement.virality.alert_events import ViralityAlert


def change_filter(request: pb.WatchEngagementRequest) -> ChangeFilter:
    """Returns the filter of a request."""
    return ChangeFilter(frozenset(request.persona_ids), frozenset(request.post_ids))


def change_message(change: Change) -> pb.WatchEngagementResponse:
    """Returns the message of a change."""
    fields: dict[str, Any] = {"cursor": change.cursor, "event_time": change.event_time}
    match change.subject:
        case Post() as post:
            fields["post"] = fields_of(post)
        case Context() as context:
            fields["context"] = fields_of(context)
        case InteractionsJudged() as judged:
            fields["interactions_judged"] = fields_of(judged)
        case PostDeleted(post_id):
            fields["deleted_post_id"] = post_id
        case ViralityAlert() as alert:
            fields["virality_alert"] = fields_of(alert)
    return pb.WatchEngagementResponse(**fields)
