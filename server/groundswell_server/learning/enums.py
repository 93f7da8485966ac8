"""The contract's enums in words, by number."""

from __future__ import annotations

from groundswell_server.learning.features.content import MEDIA_TYPES, PLATFORMS

CONTENT_TYPES = {"SOCIAL_POST": 1, "BLOG": 2, "EMAIL": 3, "VIDEO": 4, "STORY": 5}
"""Numbers of the contract's `ContentType` by name."""
COMPLEXITIES = {"LOW": 1, "MEDIUM": 2, "HIGH": 3, "CRITICAL": 4}

_CONTENT_TYPE_NAMES = {number: name for name, number in CONTENT_TYPES.items()}
_WORDS = {
    kind: {number: name.lower() for name, number in names.items()}
    for kind, names in (("platform", PLATFORMS), ("media_type", MEDIA_TYPES), ("complexity", COMPLEXITIES))
}


def content_type_name(number: int) -> str:
    """A content type's name in the contract without prefix; empty when unknown."""
    return _CONTENT_TYPE_NAMES.get(number, "")


def platform_word(number: int | None) -> str:
    """Such as "instagram"; empty when unknown."""
    return _WORDS["platform"].get(number or 0, "")


def media_word(number: int | None) -> str:
    """Such as "video"; empty when unknown."""
    return _WORDS["media_type"].get(number or 0, "")


def complexity_word(number: int) -> str:
    """Such as "high"; empty when unknown."""
    return _WORDS["complexity"].get(number, "")
