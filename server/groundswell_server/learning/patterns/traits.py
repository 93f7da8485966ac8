"""What a post, or a context, can have, in words: to count by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from groundswell_server.learning.enums import complexity_word, media_word, platform_word
from groundswell_server.learning.patterns.caption_text import describe_text
from groundswell_server.learning.patterns.sample import day_part, local_time
from groundswell_storage.engagement.pattern_rows import ContextRecord, PostRecord, parameters
from groundswell_storage.engagement.prediction_facts import prompt_length

_PUBLISHED = " publication"
_WHEN = {"night": "at night", "weekend": "at the weekend"}
_LONGEST_VALUE = 60
"""Characters of a setting's value; longer ones are texts, which no two contexts share."""


def post_traits(post: PostRecord, local: datetime) -> Iterator[str]:
    """Such as "format video", "early evening publication", "a question", "5 to 10 hashtags"."""
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
    """The posts that have a trait, in words.

    >>> posts_with("night publication"), posts_with("format video"), posts_with("no hashtags")
    ('posts published at night', 'video posts', 'posts with no hashtags')
    """
    if trait.startswith("format "):
        return f"{trait.removeprefix('format ')} posts"
    if not trait.endswith(_PUBLISHED):
        return f"posts with {trait}"
    time = trait.removesuffix(_PUBLISHED)
    return f"posts published {_WHEN.get(time, f'in the {time}')}"


def context_traits(context: ContextRecord) -> Iterator[str]:
    """Such as "complexity high", "a prompt of over 500 characters", "parameter model = small"."""
    if word := complexity_word(context.complexity):
        yield f"complexity {word}"
    yield "an agent assigned" if context.agent_assigned else "no agent assigned"
    length = prompt_length(context.input)
    if length is not None:
        yield f"a prompt of {_band(length, 100, 500)} characters"
    yield from _settings("parameter", parameters(context.input))
    yield from _settings("strategy", context.strategy)
    if context.publish_time is not None and context.time_zone is not None:
        yield f"platform {platform_word(context.platform)}"
        local = local_time(context.publish_time, context.time_zone)
        yield from _publication(context.media_type, context.hashtag_count or 0, local)


def _publication(media_type: int | None, hashtag_count: int, local: datetime) -> Iterator[str]:
    if word := media_word(media_type):
        yield f"format {word}"
    yield f"{day_part(local.hour)}{_PUBLISHED}"
    if local.weekday() >= 5:
        yield f"weekend{_PUBLISHED}"
    yield f"{_band(hashtag_count, 3, 10)} hashtags" if hashtag_count else "no hashtags"


def _settings(kind: str, settings: Mapping[str, Any] | None) -> Iterator[str]:
    for name, value in (settings or {}).items():
        if isinstance(value, str | int | float) and len(str(value)) <= _LONGEST_VALUE:
            yield f"{kind} {name} = {value}"


def _band(number: int, low: int, high: int) -> str:
    if number < low:
        return f"under {low}"
    return f"{low} to {high}" if number <= high else f"over {high}"
