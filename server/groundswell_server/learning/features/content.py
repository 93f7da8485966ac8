"""Content to predict: a draft, a stored context, or both, where the fields of the draft take precedence.

The content of a stored context is that of its newest post. A context without a post is read from its `output`, then its
`input`, by these keys: `caption` (text), `hashtags` (list of texts), `platform` and `media_type` (names of the contract
without prefix such as "INSTAGRAM" and "VIDEO", case-insensitive), `category` (text), and `prompt` of the input.
Complexity, state, confidence, validation and agent are the current ones of the context. The time of publication is now
unless the draft has one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from groundswell_server.learning.features.captions import CaptionFacts, describe_caption
from groundswell_server.learning.features.post_facts import UNKNOWN_TRAILING, PostFacts
from groundswell_storage.engagement.enums import MediaType, Platform
from groundswell_storage.engagement.prediction_facts import ContextFacts, PersonaFacts

if TYPE_CHECKING:
    from groundswell_server.learning.features.trailing_record import TrailingRecord

_MAX_CACHED_LENGTH = 2_200
"""The longest caption in characters that is cached: the limit of Instagram."""


class Draft(NamedTuple):
    """A draft of content; empty, 0 and None are unknown. It is a tuple for speed, because every call creates one."""

    persona_id: str = ""
    platform: int = 0
    media_type: int = 0
    category: str = ""
    caption: str = ""
    hashtags: Sequence[str] = ()
    publish_time: datetime | None = None
    """The planned time of publication; None for now."""
    prompt_length: int | None = None
    complexity: int = 0
    agent_assigned: bool | None = None


_NO_DRAFT = Draft()


class ContentQuery(NamedTuple):
    """The content that a call is about: a stored context, a draft, or both."""

    context_id: str
    draft: Draft | None


class StoredContent(NamedTuple):
    """The content of a stored context, read once for many predictions."""

    persona_id: str
    platform: int
    media_type: int
    category: str
    caption: str
    described: CaptionFacts
    complexity: int
    state: int
    confidence: int
    validation: int
    agent_assigned: bool
    prompt_length: int | None


def stored_content(context: ContextFacts) -> StoredContent:
    """Returns the content of a context, as the docstring of this module describes."""
    post = context.post
    given = {**context.input, **context.output}
    caption, hashtags = (post.caption, post.hashtags) if post else (_text(given, "caption"), _texts(given, "hashtags"))
    return StoredContent(
        persona_id=post.persona_id if post else context.persona_id,
        platform=post.platform if post else Platform.__members__.get(_text(given, "platform").upper(), 0),
        media_type=post.media_type if post else MediaType.__members__.get(_text(given, "media_type").upper(), 0),
        category=post.category if post else _text(given, "category"),
        caption=caption,
        described=describe_caption(caption, hashtags),
        complexity=context.complexity,
        state=context.state,
        confidence=context.confidence,
        validation=context.validation,
        agent_assigned=context.agent_assigned,
        prompt_length=context.prompt_length,
    )


def persona_and_platform(draft: Draft | None, stored: StoredContent | None) -> tuple[str, int]:
    """Returns the persona and the platform of content; "" and 0 if unknown."""
    if stored is None:
        return (draft.persona_id, draft.platform) if draft else ("", 0)
    if draft is None:
        return stored.persona_id, stored.platform
    return draft.persona_id or stored.persona_id, draft.platform or stored.platform


def facts_of(
    draft: Draft | None,
    stored: StoredContent | None,
    persona: PersonaFacts | None,
    record: TrailingRecord | None,
    now: datetime,
) -> PostFacts:
    """Returns the facts about content before it is posted; `record` is that of the persona on the platform."""
    if stored is not None:
        return _facts_of_stored(draft or _NO_DRAFT, stored, persona, record, now)
    draft = draft or _NO_DRAFT
    caption = _described(draft.caption, draft.hashtags)
    published = draft.publish_time or now
    return PostFacts(
        published,
        "UTC" if persona is None else persona.time_zone,
        draft.complexity,
        None,
        None,
        None,
        draft.agent_assigned,
        draft.platform,
        draft.media_type,
        draft.prompt_length,
        caption.length,
        caption.hashtag_count,
        caption.call_to_action,
        draft.category,
        None if persona is None else persona.followers.get(draft.platform),
        UNKNOWN_TRAILING if record is None else record.at(published),
    )


def _facts_of_stored(
    draft: Draft, stored: StoredContent, persona: PersonaFacts | None, record: TrailingRecord | None, now: datetime
) -> PostFacts:
    described = stored.described
    if draft.caption or draft.hashtags:
        described = _described(draft.caption or stored.caption, draft.hashtags)
    published = draft.publish_time or now
    platform = draft.platform or stored.platform
    return PostFacts(
        published,
        "UTC" if persona is None else persona.time_zone,
        draft.complexity or stored.complexity,
        stored.state,
        stored.confidence,
        stored.validation,
        stored.agent_assigned if draft.agent_assigned is None else draft.agent_assigned,
        platform,
        draft.media_type or stored.media_type,
        stored.prompt_length if draft.prompt_length is None else draft.prompt_length,
        described.length,
        described.hashtag_count,
        described.call_to_action,
        draft.category or stored.category,
        None if persona is None else persona.followers.get(platform),
        UNKNOWN_TRAILING if record is None else record.at(published),
    )


def _described(caption: str, hashtags: Sequence[str]) -> CaptionFacts:
    """Returns the facts about a caption, cached because drafts are scored repeatedly."""
    if len(caption) > _MAX_CACHED_LENGTH:
        return describe_caption(caption, hashtags)
    return _described_cached(caption, len(hashtags))


@lru_cache(maxsize=4096)
def _described_cached(caption: str, hashtag_count: int) -> CaptionFacts:
    # Only the number of given hashtags matters.
    return describe_caption(caption, ("",) * hashtag_count)


def _text(given: Mapping[str, Any], key: str) -> str:
    found = given.get(key)
    return found if isinstance(found, str) else ""


def _texts(given: Mapping[str, Any], key: str) -> list[str]:
    found = given.get(key)
    return [item for item in found if isinstance(item, str)] if isinstance(found, list) else []
