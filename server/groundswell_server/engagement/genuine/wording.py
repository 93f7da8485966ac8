"""One spelling for texts that say the same, so that patterns and keys see through markup and decoration."""

from __future__ import annotations

import hashlib
import html
import re
import unicodedata
from collections.abc import Sequence
from typing import Final

SEPARATOR: Final = "\x1e"
"""The record separator of ASCII: stands between texts that are handled end to end."""

_TAG: Final = re.compile(r"</?[a-zA-Z][^<>]{0,300}>")
_INVISIBLE: Final = re.compile("[\u00ad\u200b-\u200f\u2060\ufe00-\ufe0f\ufeff]")
_ADDRESS: Final = re.compile(r"https?://\S+|www\.\S+|(?<![^\s@])[^\s@]{1,64}@[^\s@]+|\[(?:e-mail|telephone|name)\]")
"""Also what `pii` leaves in their place, so that a masked text is like the one it was."""
_ADDRESS_MARKS: Final = ("@", "http", "www.", "[")
"""One of them is in every text with a match of `_ADDRESS`: searching the others is most of the cost."""
_NO_LETTER: Final = re.compile(r"[\W\d_]+")

MINIMUM_KEY_LETTERS: Final = 20
"""Texts with fewer letters have no key: many people independently write "love this song"."""


def plain_text(text: str) -> str:
    """`text` without markup, entities, invisible characters and compatibility forms; case and spacing are kept.

    Platforms hand comments out as HTML (YouTube) or text (Instagram); of a link its label is kept.
    """
    bare = _without_markup(text)
    return bare if bare.isascii() else _in_plain_characters(bare)


def plain_texts(texts: Sequence[str]) -> list[str]:
    """`plain_text` of each. Those with other than ASCII characters are done end to end, which is three times faster."""
    plain = [_without_markup(text) if "<" in text or "&" in text else text for text in texts]
    foreign = [at for at, text in enumerate(plain) if not text.isascii()]
    found = _in_plain_characters(SEPARATOR.join([plain[at] for at in foreign])).split(SEPARATOR)
    if len(found) != len(foreign):
        found = [_in_plain_characters(plain[at]) for at in foreign]
    for at, text in zip(foreign, found, strict=True):
        plain[at] = text
    return plain


def _in_plain_characters(text: str) -> str:
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).replace("\u2019", "'").replace("\u201c", '"')


def _without_markup(text: str) -> str:
    if "<" in text:
        text = _TAG.sub(" ", text)
    return html.unescape(text) if "&" in text else text


def normalize_text(text: str) -> str:
    """`plain_text` in lower case with single spaces: what phrases are matched against."""
    return " ".join(plain_text(text).casefold().split())


def letters_of(text: str) -> str:
    """The letters of a text in lower case, words apart by one space; addresses, digits, marks and emoji fall away."""
    plain = plain_text(text).casefold()
    if any(mark in plain for mark in _ADDRESS_MARKS):
        plain = _ADDRESS.sub(" ", plain)
    return _NO_LETTER.sub(" ", plain).strip()


def count_letters(letters: str) -> int:
    """How many letters `letters_of` found, spaces not counted."""
    return len(letters) - letters.count(" ")


def key_of_letters(letters: str) -> int | None:
    """`text_key` of a text whose `letters_of` is known already."""
    if count_letters(letters) < MINIMUM_KEY_LETTERS:
        return None
    return int.from_bytes(hashlib.blake2b(letters.encode(), digest_size=8).digest(), "big", signed=True)


def text_key(text: str) -> int | None:
    """A signed 64-bit key that is equal for texts with the same letters, or None for one too short to tell anything.

    Digits, addresses, marks and emoji do not enter it, so masking a mail address or a telephone number does not change
    it; masking a name does.
    """
    return key_of_letters(letters_of(text))
