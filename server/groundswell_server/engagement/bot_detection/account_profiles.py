"""The known facts of the account that an interaction came from: figures only, never a name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Profile(NamedTuple):
    """The known facts of an account. An attribute that is None is unknown and carries no weight."""

    age_days: float | None = None
    """Days since the account was opened."""
    followers: int | None = None
    following: int | None = None
    media: int | None = None
    """Posts that the account has published."""
    has_picture: bool | None = None
    bio_length: int | None = None
    """Characters of the description."""
    has_link: bool | None = None
    is_private: bool | None = None
    is_verified: bool | None = None
    handle_digit_share: float | None = None
    """Share of digits among the characters of the handle, 0 to 1."""
    bot_probability: float | None = None
    """Probability of a bot by the workspace's trained BOT_DETECTOR, 0 to 1; None without one."""

    def has_facts(self) -> bool:
        """Returns True when any fact is known."""
        return self is not UNKNOWN and self != UNKNOWN

    def to_json(self) -> dict[str, Any]:
        """Returns the known facts by name."""
        return {name: figure for name, figure in zip(self._fields, self, strict=True) if figure is not None}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Profile:
        """Reads the result of `to_json`."""
        return cls(**stored)


UNKNOWN = Profile()
"""The profile of an account without known facts."""


def digit_share(handle: str) -> float | None:
    """Returns the share of digits among the characters of a handle, 0 to 1; None for an empty handle."""
    bare = handle.strip().lstrip("@")
    return sum(map(str.isdigit, bare)) / len(bare) if bare else None


def with_digits(profile: Profile, handle: str) -> Profile:
    """Returns the profile with the digit share of the handle, unless the profile has one already."""
    if profile.handle_digit_share is not None:
        return profile
    return profile._replace(handle_digit_share=digit_share(handle))
