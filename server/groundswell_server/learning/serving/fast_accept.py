"""Hand-written validation of the hottest requests: accepts only requests that the contract's rules accept.

It avoids evaluating the rules, which costs more than the prediction. Requests that it does not accept go to the rules.
It may therefore be stricter than the rules, but never laxer, which a property test checks.
"""

from __future__ import annotations

import re
from typing import Any

_is_uuid = re.compile(
    r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}", re.ASCII
).fullmatch
_are_hashtags = re.compile(r"(?:#?[^\s#\0]{1,149}\0)*").fullmatch
"""Hashtags, each followed by a NUL. Python treats more characters as space than the rules do, which is stricter."""

_LAST_PLATFORM, _LAST_MEDIA_TYPE, _LAST_COMPLEXITY = 5, 6, 4
_MAX_HASHTAGS = 100
_MAX_CATEGORY, _MAX_CAPTION, _MAX_PROMPT = 100, 20_000, 100_000
_MAX_REQUESTS = 2000


def accepts_content(request: Any) -> bool:
    """Returns True only for a valid ScoreContentRequest."""
    context_id = request.context_id
    if context_id and _is_uuid(context_id) is None:
        return False
    return _accepts_draft(request.draft) if request.HasField("draft") else bool(context_id)


def accepts_contents(request: Any) -> bool:
    """Returns True only for a valid BatchScoreContentRequest."""
    requests = request.requests
    return 0 < len(requests) <= _MAX_REQUESTS and all(map(accepts_content, requests))


def _accepts_draft(draft: Any) -> bool:
    persona_id, category, caption, prompt = draft.persona_id, draft.category, draft.caption, draft.prompt
    # A slice copies the field to a list in one step; iterating over the field is slower.
    hashtags = draft.hashtags[:]
    return (
        (not persona_id or _is_uuid(persona_id) is not None)
        and 0 <= draft.platform <= _LAST_PLATFORM
        and 0 <= draft.media_type <= _LAST_MEDIA_TYPE
        and 0 <= draft.complexity <= _LAST_COMPLEXITY
        and len(category) <= _MAX_CATEGORY
        and len(caption) <= _MAX_CAPTION
        and len(prompt) <= _MAX_PROMPT
        and "\0" not in category
        and "\0" not in caption
        and "\0" not in prompt
        and (not hashtags or _accepts_hashtags(hashtags))
    )


def _accepts_hashtags(hashtags: list[str]) -> bool:
    if len(hashtags) > _MAX_HASHTAGS:
        return False
    joined = "\0".join(hashtags) + "\0"
    # As many NULs as hashtags: no hashtag contains one.
    return joined.count("\0") == len(hashtags) and _are_hashtags(joined) is not None
