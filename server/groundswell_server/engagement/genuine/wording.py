"""One spelling for texts that say the same, so that patterns and keys see through markup and decoration."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Final

from groundswell_server.plain_text import in_plain_characters, plain_text, without_markup

SEPARATOR: Final = "\x1e"
"""The record separator of ASCII: stands between texts that are handled end to end."""

_ADDRESS: Final = re.compile(r"https?://\S+|www\.\S+|(?<![^\s@])[^\s@]{1,64}@[^\s@]+|\[(?:e-mail|telephone|name)\]")
"""Also what `pii` leaves in their place, so that a masked text is like the one it was."""
_ADDRESS_MARKS: Final = ("@", "http", "www.", "[")
"""One of them is in every text with a match of `_ADDRESS`: searching the others is most of the cost."""
_NO_LETTER: Final = re.compile(r"[\W\d_]+")

MINIMUM_KEY_LETTERS: Final = 20
"""Texts with fewer letters have no key: many people independently write "love this song"."""


def plain_texts(texts: Sequence[str]) -> list[str]:
    """`plain_text` of each. Those with other than ASCII characters are done end to end, which is three times faster."""
    plain = [without_markup(text) if "<" in text or "&" in text else text for text in texts]
    foreign = [at for at, text in enumerate(plain) if not text.isascii()]
    found = in_plain_characters(SEPARATOR.join([plain[at] for at in foreign])).split(SEPARATOR)
    if len(found) != len(foreign):
        found = [in_plain_characters(plain[at]) for at in foreign]
    for at, text in zip(foreign, found, strict=True):
        plain[at] = text
    return plain


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
