"""One spelling for texts that say the same, so that patterns and keys see through markup and decoration."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from string import ascii_letters
from typing import Final, NamedTuple

from groundswell_server.conversions.plain_text import has_any, in_plain_characters, without_markup

SEPARATOR: Final = "\x1e"
"""The record separator of ASCII: stands between texts that are handled end to end."""

_ADDRESS: Final = re.compile(r"https?://\S+|www\.\S+|(?<![^\s@])[^\s@]{1,64}@[^\s@]+|\[(?:e-mail|telephone|name)\]")
"""Also what `pii` leaves in their place, so that a masked text is like the one it was."""
_ADDRESS_MARKS: Final = ("@", "http", "www.", "[")
"""One of them is in every text with a match of `_ADDRESS`: searching the others is most of the cost."""
_NO_LETTER: Final = re.compile(r"[\W\d_]+")
_ASCII_LETTERS: Final = bytes(code if chr(code) in ascii_letters else ord(" ") for code in range(256))

MINIMUM_KEY_LETTERS: Final = 20
"""Texts with fewer letters have no key: many people independently write "love this song"."""


class NormalizedText(NamedTuple):
    """What of a text is compared with other texts."""

    plain: str
    """The text in plain characters."""
    letters: str
    """In lower case, words apart by one space; addresses, digits, marks and emoji fall away."""
    letter_count: int
    """Spaces not counted."""
    key: int | None
    """A signed 64-bit key that is equal for texts with the same letters, or None for one too short to tell anything.

    Digits, addresses, marks and emoji do not enter it, so masking a mail address or a telephone number does not change
    it; masking a name does.
    """


def plain_texts(texts: Sequence[str]) -> list[str]:
    """`plain_text` of each. Those with other than ASCII characters are done end to end, which is three times faster."""
    plain = [without_markup(text) if "<" in text or "&" in text else text for text in texts]
    foreign = [at for at, text in enumerate(plain) if not text.isascii()]
    if not foreign:
        return plain
    found = in_plain_characters(SEPARATOR.join([plain[at] for at in foreign])).split(SEPARATOR)
    if len(found) != len(foreign):
        found = [in_plain_characters(plain[at]) for at in foreign]
    for at, text in zip(foreign, found, strict=True):
        plain[at] = text
    return plain


def normalized_texts(texts: Sequence[str]) -> list[NormalizedText]:
    """What of each text is compared."""
    return [_wording(plain) for plain in plain_texts(texts)]


def text_key(text: str) -> int | None:
    """The key of one text."""
    return normalized_texts([text])[0].key


def _wording(plain: str) -> NormalizedText:
    folded = plain.casefold()
    if has_any(folded, _ADDRESS_MARKS):
        folded = _ADDRESS.sub(" ", folded)
    if folded.isascii():
        words = folded.encode().translate(_ASCII_LETTERS).split()
        encoded = b" ".join(words)
        letters = encoded.decode()
        count = len(letters) - max(0, len(words) - 1)
    else:
        letters = _NO_LETTER.sub(" ", folded).strip()
        encoded = letters.encode()
        count = len(letters) - letters.count(" ")
    if count < MINIMUM_KEY_LETTERS:
        return NormalizedText(plain, letters, count, None)
    digest = hashlib.blake2b(encoded, digest_size=8).digest()
    return NormalizedText(plain, letters, count, int.from_bytes(digest, "big", signed=True))
