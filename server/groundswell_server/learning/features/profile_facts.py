"""What is known of an account, in figures.

Only figures are kept, never a name: what people are called says nothing that its length and its digits do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ProfileFacts:
    """What is known of an account; what is None is unknown, and counts for nothing."""

    followers: int | None = None
    following: int | None = None
    media: int | None = None
    """Posts that it has published."""
    account_age_days: float | None = None
    has_picture: bool | None = None
    bio_length: int | None = None
    """Characters."""
    has_link: bool | None = None
    is_private: bool | None = None
    is_verified: bool | None = None
    handle_length: int | None = None
    """Characters."""
    handle_digit_share: float | None = None
    """Share of digits among its characters, 0 to 1."""
    name_words: int | None = None
    name_digit_share: float | None = None
    name_is_handle: bool | None = None
    """The shown name is the handle itself."""

    def to_json(self) -> dict[str, Any]:
        """The known figures by name."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ProfileFacts:
        """The inverse of `to_json`."""
        return cls(**data)


def digit_share(name: str) -> float | None:
    """Share of digits among the characters of a name, 0 to 1; None without any."""
    return sum(character.isdigit() for character in name) / len(name) if name else None
