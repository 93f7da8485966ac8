"""Keys of the subjects of examples and predictions.

Equal texts (ignoring case and spaces), equal facts about an account, the same post and the same context have the same
key. Keys of texts and accounts are digests, which do not reveal their content.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from groundswell_storage.fields import to_json


def text_subject(text: str) -> str:
    """Returns the key of a text."""
    return f"text:{_digest(' '.join(text.lower().split()))}"


def profile_subject(figures: Mapping[str, Any]) -> str:
    """Returns the key of an account, from the facts about it."""
    return f"profile:{_digest(to_json(dict(sorted(figures.items()))))}"


def post_subject(post_id: str) -> str:
    """Returns the key of a post."""
    return f"post:{post_id}"


def context_subject(context_id: str) -> str:
    """Returns the key of a context, for which predictions are made before a post exists."""
    return f"context:{context_id}"


def _digest(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()
