"""A row as a post with its counts, or as a refusal with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from groundswell_server.engagement.metrics.engagement_rates import Counts
from groundswell_storage.engagement.enums import Complexity, ContentType, MediaType, Platform


@dataclass(frozen=True, slots=True)
class PostDraft:
    """A post to import, with the fields of the contract's ImportedPost. Unknown values are empty or None."""

    line: int
    """Line in the file on which the row ends, from 1."""
    persona_name: str
    platform: Platform
    platform_post_id: str
    publish_time: datetime
    """Time of publication, with a time zone."""
    content_type: ContentType = ContentType.SOCIAL_POST
    category: str = ""
    content_id: str = ""
    caption: str = ""
    hashtags: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    media_type: MediaType = MediaType.UNSPECIFIED
    permalink: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    """Other data of the source, as JSON."""
    counts: Counts | None = None
    fetch_time: datetime | None = None
    """Time at which the counts were fetched; None for now."""
    follower_count: int | None = None
    """Followers of the persona on the platform at that time."""
    time_zone: str = ""
    """IANA time zone of a persona that is created; empty for UTC."""
    context_input: Mapping[str, Any] = field(default_factory=dict)
    """Input of the generation, as JSON."""
    complexity: Complexity = Complexity.UNSPECIFIED


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that cannot be imported."""

    line: int
    field: str
    """The invalid column; empty for the row as a whole."""
    reason: str
    platform_post_id: str = ""


class RowFault(Exception):
    """An invalid value of a row; becomes a RefusedRow."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason
