"""Facts about accounts as numbers and flags.

Names and texts are never stored: only their lengths and shares of digits are features.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ProfileFacts:
    """The facts about an account; None is unknown."""

    followers: int | None = None
    following: int | None = None
    media: int | None = None
    """The number of published posts."""
    account_age_days: float | None = None
    has_picture: bool | None = None
    bio_length: int | None = None
    """In characters."""
    has_link: bool | None = None
    is_private: bool | None = None
    is_verified: bool | None = None
    handle_length: int | None = None
    """In characters."""
    handle_digit_share: float | None = None
    """The share of digits among the characters of the handle, 0 to 1."""
    name_words: int | None = None
    name_digit_share: float | None = None
    name_is_handle: bool | None = None
    """True if the display name is the handle."""

    def to_json(self) -> dict[str, Any]:
        """Returns the known facts by name."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ProfileFacts:
        """Restores facts from the result of `to_json`."""
        return cls(**data)


def digit_share(name: str) -> float | None:
    """Returns the share of digits among the characters of a name, 0 to 1; None for an empty name."""
    return sum(character.isdigit() for character in name) / len(name) if name else None
