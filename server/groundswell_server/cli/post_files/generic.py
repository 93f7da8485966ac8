"""The generic format: CSV with these column names, or JSON Lines with these keys. The order does not matter."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Final

from groundswell_server.cli.post_files import values
from groundswell_server.cli.post_files.drafts import PostDraft, RowFault
from groundswell_server.cli.post_files.values import Row
from groundswell_server.engagement.metrics.engagement_rates import Counts
from groundswell_storage.engagement.enums import Complexity, ContentType, MediaType, Platform

COUNT_COLUMNS: Final = tuple(count.name for count in fields(Counts))

COLUMNS: Final = MappingProxyType(
    {
        "persona": "name of the persona; it is created when there is none. Required",
        "platform": "instagram, facebook, twitter, tiktok or other. Required",
        "platform_post_id": "id on the platform; a post that is there already is left as it is. Required",
        "publish_time": "ISO 8601; UTC where no zone is given. Required",
        "content_type": "social_post (default), blog, email, video or story",
        "category": 'free, such as "product"',
        "content_id": "id of the content in one's own system",
        "caption": "the text that went with it",
        "hashtags": "separated by spaces or commas, with or without #; read from the caption when empty",
        "mentions": "separated by spaces or commas, with or without @; read from the caption when empty",
        "media_type": "text, image, carousel, video, link or audio",
        "permalink": "address on the platform",
        **{name: f"{name}, cumulative; empty is unknown, which is not 0" for name in COUNT_COLUMNS},
        "fetch_time": "when the counts were fetched, ISO 8601; now when empty",
        "follower_count": "followers of the persona on the platform at that time",
        "time_zone": "IANA zone of a persona that is created, such as Europe/Berlin; UTC when empty",
        "attributes": "what else is known, a JSON object",
        "context_input": "what went into the generation, a JSON object",
        "complexity": "how demanding the generation was: low, medium, high or critical",
    }
)
"""Every column and its meaning."""

REQUIRED: Final = ("persona", "platform", "platform_post_id", "publish_time")
_TIMES: Final = ("publish_time", "fetch_time")


@dataclass(slots=True)
class Reader:
    """Reads the rows of a file and records the assumptions."""

    unknown: set[str] = field(default_factory=set)
    """Unknown columns."""
    zoneless: bool = False
    """True when a time has no time zone."""

    def draft(self, row: Row, line: int, number: int) -> PostDraft:
        """Returns the post of a row. Raises RowFault for an invalid column."""
        self.unknown.update(row.keys() - COLUMNS.keys())
        found = draft(row, line)
        self.zoneless = self.zoneless or any(values.lacks_zone(row, column) for column in _TIMES)
        return found

    def assumptions(self) -> tuple[str, ...]:
        """Returns the assumptions so far, in words."""
        remarks = ["times without a zone are taken as UTC"] if self.zoneless else []
        if self.unknown:
            remarks.append(f"ignored unknown columns: {', '.join(sorted(self.unknown))}")
        return tuple(remarks)


def draft(row: Row, line: int) -> PostDraft:
    """Returns the post of a row. Raises RowFault for an invalid column."""
    published = values.time(row, "publish_time")
    if published is None:
        raise RowFault("publish_time", "is missing")
    counts = Counts(**{name: values.count(row, name) for name in COUNT_COLUMNS})
    return PostDraft(
        line=line,
        persona_name=values.required_text(row, "persona"),
        platform=values.member(row, "platform", Platform, None),
        platform_post_id=values.required_text(row, "platform_post_id"),
        publish_time=published,
        content_type=values.member(row, "content_type", ContentType, ContentType.SOCIAL_POST),
        category=values.text(row, "category"),
        content_id=values.text(row, "content_id"),
        caption=values.text(row, "caption"),
        hashtags=values.texts(row, "hashtags"),
        mentions=values.texts(row, "mentions"),
        media_type=values.member(row, "media_type", MediaType, MediaType.UNSPECIFIED),
        permalink=values.text(row, "permalink"),
        attributes=values.json_object(row, "attributes"),
        counts=None if counts == Counts() else counts,
        fetch_time=values.time(row, "fetch_time"),
        follower_count=values.count(row, "follower_count"),
        time_zone=values.text(row, "time_zone"),
        context_input=values.json_object(row, "context_input"),
        complexity=values.member(row, "complexity", Complexity, Complexity.UNSPECIFIED),
    )
