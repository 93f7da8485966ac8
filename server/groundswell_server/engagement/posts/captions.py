"""Hashtags and mentions: extracted from captions, validated and normalized."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from groundswell_storage.errors import InvalidArgument

MAX_CHARACTERS: Final = 20_000
"""Maximum length of a caption, characters. Platforms allow fewer (Instagram 2,200) or show fewer (Facebook 63,206)."""
MAX_TAG_CHARACTERS: Final = 150

_HASHTAG: Final = re.compile(r"(?<![\w&/#])[#\uff03](\w+)")
_MENTION: Final = re.compile(r"(?<![\w@.+-])@(\w+(?:[.\-]\w+)*)")
_ADDRESS: Final = re.compile(r"https?://\S+")


def hashtags_in(caption: str) -> tuple[str, ...]:
    """Returns the distinct hashtags of a caption in order, without #, in lower case. "#1" is a rank, not a hashtag."""
    found = (_folded(tag) for tag in _HASHTAG.findall(_ADDRESS.sub(" ", caption)))
    return tuple(dict.fromkeys(tag for tag in found if not tag.isdigit() and len(tag) <= MAX_TAG_CHARACTERS))


def mentions_in(caption: str) -> tuple[str, ...]:
    """Returns the distinct mentioned accounts in order, without @, in lower case. An e-mail address is no mention."""
    found = (handle.lower() for handle in _MENTION.findall(_ADDRESS.sub(" ", caption)))
    return tuple(dict.fromkeys(handle for handle in found if len(handle) <= MAX_TAG_CHARACTERS))


def normalize_hashtag(tag: str, field: str) -> str:
    """Returns a hashtag without # and in lower case; raises InvalidArgument that names `field`."""
    found = _folded(tag.removeprefix("#"))
    if not found:
        raise InvalidArgument.of(field, "must not be an empty hashtag")
    if any(character.isspace() for character in found):
        raise InvalidArgument.of(field, f"must not contain spaces, got {tag!r}")
    if "#" in found:
        raise InvalidArgument.of(field, f"must be one hashtag, got {tag!r}")
    if len(found) > MAX_TAG_CHARACTERS:
        raise InvalidArgument.of(field, f"must have at most {MAX_TAG_CHARACTERS} characters, got {len(found)}")
    return found


def normalize_mention(handle: str, field: str) -> str:
    """Returns a mentioned account without @ and in lower case; raises InvalidArgument that names `field`."""
    found = handle.removeprefix("@").lower()
    if not found or any(character.isspace() or character == "@" for character in found):
        raise InvalidArgument.of(
            field, f"must be an account name without spaces and with @ only in front, got {handle!r}"
        )
    if len(found) > MAX_TAG_CHARACTERS:
        raise InvalidArgument.of(field, f"must have at most {MAX_TAG_CHARACTERS} characters, got {len(found)}")
    return found


def validate_caption(caption: str, field: str) -> None:
    """Raises InvalidArgument for a caption that is too long or contains a NUL character."""
    if len(caption) > MAX_CHARACTERS:
        raise InvalidArgument.of(field, f"must have at most {MAX_CHARACTERS} characters, got {len(caption)}")
    if "\x00" in caption:
        raise InvalidArgument.of(field, "must not contain a NUL character")


def _folded(tag: str) -> str:
    """Returns a tag composed and in lower case. It is not case-folded, because people search for "straße"."""
    return unicodedata.normalize("NFC", tag).lower()
