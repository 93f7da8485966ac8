"""What a row becomes: a post with its counts, or the reason why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from groundswell_server.engagement.metrics.engagement_rates import Counts
from groundswell_storage.engagement.enums import Complexity, ContentType, MediaType, Platform


@dataclass(frozen=True, slots=True)
class PostDraft:
    """A post to import; the fields are those of the contract's ImportedPost. What is unknown is empty or None."""

    line: int
    """Line in the file on which the row ends, from 1."""
    persona_name: str
    platform: Platform
    platform_post_id: str
    publish_time: datetime
    """Aware."""
    content_type: ContentType = ContentType.SOCIAL_POST
    category: str = ""
    content_id: str = ""
    caption: str = ""
    hashtags: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    media_type: MediaType = MediaType.UNSPECIFIED
    permalink: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    """What else the source knows, as JSON."""
    counts: Counts | None = None
    fetch_time: datetime | None = None
    """When the counts were fetched; None is now."""
    follower_count: int | None = None
    """Of the persona on the platform at that time."""
    time_zone: str = ""
    """IANA zone of a persona that is created; empty is UTC."""
    context_input: Mapping[str, Any] = field(default_factory=dict)
    """What went into its generation, as JSON."""
    complexity: Complexity = Complexity.UNSPECIFIED


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that cannot be imported."""

    line: int
    field: str
    """The column at fault; empty when it is the row as a whole."""
    reason: str
    platform_post_id: str = ""


class RowFault(Exception):
    """A value of a row cannot be understood; becomes a RefusedRow."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason
