"""Interactions with the mood of their texts, worked out before they go to the database: VADER takes its time."""

from __future__ import annotations

from collections.abc import Sequence

from groundswell_server.engagement.interactions.interactions import NewInteraction
from groundswell_storage.engagement.enums import InteractionKind


def with_sentiment(batch: Sequence[NewInteraction]) -> list[NewInteraction]:
    """The interactions of a batch, comments with what their text says of the writer's feeling.

    To be called on a thread of its own: 20 to 80 us a comment by its length, and 0.2 s more for the first.
    """
    from groundswell_server.sentiment.analyzer import analyze_sentiment

    moods = {text: analyze_sentiment(text) for text in {new.text for new in batch if _is_comment(new)}}
    return [new._replace(mood=moods[new.text]) if _is_comment(new) else new for new in batch]


def has_comments(batch: Sequence[NewInteraction]) -> bool:
    """Whether there is any text to read."""
    return any(map(_is_comment, batch))


def _is_comment(new: NewInteraction) -> bool:
    return new.kind is InteractionKind.COMMENT and bool(new.text)
