"""Normalizes texts, so that patterns and keys are independent of markup and decoration."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from string import ascii_letters
from typing import Final, NamedTuple

from groundswell_server.conversions.plain_text import has_any, in_plain_characters, without_markup

SEPARATOR: Final = "\x1e"
"""The record separator of ASCII, which separates texts that are handled together."""

_ADDRESS: Final = re.compile(r"https?://\S+|www\.\S+|(?<![^\s@])[^\s@]{1,64}@[^\s@]+|\[(?:e-mail|telephone|name)\]")
"""Includes the placeholders of `pii_filter`, so that a masked text normalizes like the original."""
_ADDRESS_MARKS: Final = ("@", "http", "www.", "[")
"""Every text with a match of `_ADDRESS` contains one of them; searching the other texts would be most of the cost."""
_NO_LETTER: Final = re.compile(r"[\W\d_]+")
_ASCII_LETTERS: Final = bytes(code if chr(code) in ascii_letters else ord(" ") for code in range(256))

MIN_KEY_LETTERS: Final = 20
"""Texts with fewer letters have no key, because many people independently write "love this song"."""


class NormalizedText(NamedTuple):
    """The parts of a text that are compared with other texts."""

    plain: str
    """The text in plain characters."""
    letters: str
    """The text in lower case with single spaces, without addresses, digits, punctuation and emoji."""
    letter_count: int
    """Number of letters, spaces not counted."""
    key: int | None
    """A signed 64-bit key that is equal for texts with the same letters; None for a text that is too short.

    Digits, addresses, punctuation and emoji are not part of it. Masking an e-mail address or a telephone number
    therefore does not change it; masking a name does.
    """


def plain_texts(texts: Sequence[str]) -> list[str]:
    """Returns `plain_text` of each. Texts with non-ASCII characters are joined, which is three times faster."""
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
    """Returns the normalized form of each text."""
    return [_wording(plain) for plain in plain_texts(texts)]


def text_key(text: str) -> int | None:
    """Returns the key of one text."""
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
    if count < MIN_KEY_LETTERS:
        return NormalizedText(plain, letters, count, None)
    digest = hashlib.blake2b(encoded, digest_size=8).digest()
    return NormalizedText(plain, letters, count, int.from_bytes(digest, "big", signed=True))
