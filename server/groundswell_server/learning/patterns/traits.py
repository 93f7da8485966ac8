"""The traits of posts and contexts, in words, by which they are counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from groundswell_server.learning.patterns.caption_text import describe_text
from groundswell_server.learning.patterns.sample import day_part, local_time
from groundswell_storage.engagement.enums import Complexity, MediaType, Platform
from groundswell_storage.engagement.pattern_rows import ContextRecord, PostRecord, parameters
from groundswell_storage.engagement.prediction_facts import prompt_length

_PUBLICATION = " publication"
_WHEN = {"night": "at night", "weekend": "at the weekend"}
_MAX_VALUE_LENGTH = 60
"""The length in characters up to which the value of a setting is a trait; longer texts are unlikely to recur."""


def post_traits(post: PostRecord, local: datetime) -> Iterator[str]:
    """Yields the traits of a post published at the local time `local`, such as "format video" and "a question"."""
    text = describe_text(post.caption)
    yield from _publication(post.media_type, len(post.hashtags), local)
    if text.question:
        yield "a question"
    if text.call_to_action:
        yield "a call to action"
    if text.emoji:
        yield "emoji"
    if text.links:
        yield "a link in the caption"
    if post.caption:
        yield f"a caption of {_band(len(post.caption), 50, 500)} characters"


def posts_with(trait: str) -> str:
    """Names the posts that have a trait.

    >>> posts_with("night publication"), posts_with("format video"), posts_with("no hashtags")
    ('posts published at night', 'video posts', 'posts with no hashtags')
    """
    if trait.startswith("format "):
        return f"{trait.removeprefix('format ')} posts"
    if not trait.endswith(_PUBLICATION):
        return f"posts with {trait}"
    time = trait.removesuffix(_PUBLICATION)
    return f"posts published {_WHEN.get(time, f'in the {time}')}"


def context_traits(context: ContextRecord) -> Iterator[str]:
    """Yields the traits of a context, such as "complexity high" and "parameter model = small"."""
    if context.complexity:
        yield f"complexity {Complexity(context.complexity).name.lower()}"
    yield "an agent assigned" if context.agent_assigned else "no agent assigned"
    length = prompt_length(context.input)
    if length is not None:
        yield f"a prompt of {_band(length, 100, 500)} characters"
    yield from _settings("parameter", parameters(context.input))
    yield from _settings("strategy", context.strategy)
    if context.publish_time is not None and context.time_zone is not None:
        yield f"platform {Platform(context.platform or 0).name.lower()}"
        local = local_time(context.publish_time, context.time_zone)
        yield from _publication(context.media_type, context.hashtag_count or 0, local)


def _publication(media_type: int | None, hashtag_count: int, local: datetime) -> Iterator[str]:
    if media_type:
        yield f"format {MediaType(media_type).name.lower()}"
    yield f"{day_part(local.hour)}{_PUBLICATION}"
    if local.weekday() >= 5:
        yield f"weekend{_PUBLICATION}"
    yield f"{_band(hashtag_count, 3, 10)} hashtags" if hashtag_count else "no hashtags"


def _settings(kind: str, settings: Mapping[str, Any] | None) -> Iterator[str]:
    for name, value in (settings or {}).items():
        if isinstance(value, str | int | float) and len(str(value)) <= _MAX_VALUE_LENGTH:
            yield f"{kind} {name} = {value}"


def _band(number: int, low: int, high: int) -> str:
    if number < low:
        return f"under {low}"
    return f"{low} to {high}" if number <= high else f"over {high}"
