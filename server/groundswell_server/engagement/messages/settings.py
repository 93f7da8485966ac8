"""Messages of workspace settings."""

from __future__ import annotations

from groundswell.v1 import engagement_pb2 as pb
from groundswell_server.conversions.protobuf_conversions import fields_of
from groundswell_server.engagement.workspace_settings import EngagementSettings


def settings_message(settings: EngagementSettings) -> pb.EngagementSettings:
    """Returns the message of a workspace's settings."""
    return pb.EngagementSettings(**fields_of(settings))
