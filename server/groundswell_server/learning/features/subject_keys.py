"""What examples and predictions are about, in short.

The same for the same text but for case and spaces, the same figures of an account, the same post or its context.
Digests: neither texts nor accounts can be read from them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from groundswell_storage.fields import to_json


def text_subject(text: str) -> str:
    """Of a text."""
    return f"text:{_digest(' '.join(text.lower().split()))}"


def profile_subject(figures: Mapping[str, Any]) -> str:
    """Of an account, by its figures."""
    return f"profile:{_digest(to_json(dict(sorted(figures.items()))))}"


def post_subject(post_id: str) -> str:
    """Of a post."""
    return f"post:{post_id}"


def context_subject(context_id: str) -> str:
    """Of a context, which is predicted before there is a post."""
    return f"context:{context_id}"


def _digest(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()
