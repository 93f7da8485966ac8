"""Hashtags and mentions: found in captions, checked and spelled in one way."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from groundswell_storage.errors import InvalidArgument

MAX_CHARACTERS: Final = 20_000
"""Longest caption, characters. Platforms stop earlier (Instagram 2,200, Facebook 63,206 of which few are read)."""
MAX_TAG_CHARACTERS: Final = 150

_HASHTAG: Final = re.compile(r"(?<![\w&/#])[#\uff03](\w+)")
_MENTION: Final = re.compile(r"(?<![\w@.+-])@(\w+(?:[.\-]\w+)*)")
_ADDRESS: Final = re.compile(r"https?://\S+")


def hashtags_in(caption: str) -> tuple[str, ...]:
    """Hashtags of a caption in order, each once, without # and in lower case. "#1" is a rank, not a hashtag."""
    found = (_folded(tag) for tag in _HASHTAG.findall(_ADDRESS.sub(" ", caption)))
    return tuple(dict.fromkeys(tag for tag in found if not tag.isdigit() and len(tag) <= MAX_TAG_CHARACTERS))


def mentions_in(caption: str) -> tuple[str, ...]:
    """Accounts that a caption mentions in order, each once, without @ and in lower case. A mail address is none."""
    found = (handle.lower() for handle in _MENTION.findall(_ADDRESS.sub(" ", caption)))
    return tuple(dict.fromkeys(handle for handle in found if len(handle) <= MAX_TAG_CHARACTERS))


def normalize_hashtag(tag: str, field: str) -> str:
    """A hashtag without # and in lower case; raises InvalidArgument naming `field` when it cannot be one."""
    found = _folded(tag.removeprefix("#"))
    if not found:
        raise InvalidArgument.of(field, "an empty hashtag")
    if any(character.isspace() for character in found):
        raise InvalidArgument.of(field, f"a hashtag has no spaces: {tag!r}")
    if "#" in found:
        raise InvalidArgument.of(field, f"one hashtag only: {tag!r}")
    if len(found) > MAX_TAG_CHARACTERS:
        raise InvalidArgument.of(field, f"a hashtag has at most {MAX_TAG_CHARACTERS} characters")
    return found


def normalize_mention(handle: str, field: str) -> str:
    """A mentioned account without @ and in lower case; raises InvalidArgument naming `field` when it cannot be one."""
    found = handle.removeprefix("@").lower()
    if not found or any(character.isspace() or character == "@" for character in found):
        raise InvalidArgument.of(field, f"an account name has no spaces and one @ at most, in front: {handle!r}")
    if len(found) > MAX_TAG_CHARACTERS:
        raise InvalidArgument.of(field, f"an account name has at most {MAX_TAG_CHARACTERS} characters")
    return found


def validate_caption(caption: str, field: str) -> None:
    """Raise InvalidArgument for a caption that is too long or that holds characters no text has."""
    if len(caption) > MAX_CHARACTERS:
        raise InvalidArgument.of(field, f"has {len(caption)} characters, at most {MAX_CHARACTERS} are kept")
    if "\x00" in caption:
        raise InvalidArgument.of(field, "holds a NUL character")


def _folded(tag: str) -> str:
    """One spelling of a tag: composed, lower case. Not case-folded: "straße" stays what people search for."""
    return unicodedata.normalize("NFC", tag).lower()
