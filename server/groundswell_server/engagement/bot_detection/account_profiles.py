"""What is known of the account that an interaction came from: figures alone, never a name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Profile(NamedTuple):
    """What is known of an account; what is None is unknown, and counts for nothing."""

    age_days: float | None = None
    """Days since it was opened."""
    followers: int | None = None
    following: int | None = None
    media: int | None = None
    """Posts that it has published."""
    has_picture: bool | None = None
    bio_length: int | None = None
    """Characters of its description."""
    has_link: bool | None = None
    is_private: bool | None = None
    is_verified: bool | None = None
    handle_digit_share: float | None = None
    """Share of digits among the characters of the handle, 0 to 1."""
    bot_probability: float | None = None
    """What the workspace's trained BOT_DETECTOR takes it for, 0 to 1; None where there is none."""

    def known(self) -> bool:
        """Whether anything is known."""
        return self is not UNKNOWN and self != UNKNOWN

    def to_json(self) -> dict[str, Any]:
        """What is known, by name."""
        return {name: figure for name, figure in zip(self._fields, self, strict=True) if figure is not None}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Profile:
        """Reads what `to_json` made."""
        return cls(**stored)


UNKNOWN = Profile()
"""Nothing is known."""


def digit_share(handle: str) -> float | None:
    """Share of digits among the characters of a handle, 0 to 1; None without any."""
    bare = handle.strip().lstrip("@")
    return sum(map(str.isdigit, bare)) / len(bare) if bare else None


def with_digits(profile: Profile, handle: str) -> Profile:
    """The profile with the digits of the account's handle, where their share is not given."""
    if profile.handle_digit_share is not None:
        return profile
    return profile._replace(handle_digit_share=digit_share(handle))
