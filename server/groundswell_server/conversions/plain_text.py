"""Texts of platforms in plain characters: without markup, entities and compatibility forms."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable
from typing import Final

_TAG: Final = re.compile(r"</?[a-zA-Z][^<>]{0,300}>")
_INVISIBLE: Final = re.compile("[\u00ad\u200b-\u200f\u2060\ufe00-\ufe0f\ufeff]")


def plain_text(text: str) -> str:
    """Returns `text` without markup, entities, invisible characters and compatibility forms. Case and spacing stay.

    Platforms return comments as HTML (YouTube) or as text (Instagram). A link is replaced by its label.
    """
    bare = without_markup(text)
    return bare if bare.isascii() else in_plain_characters(bare)


def in_plain_characters(text: str) -> str:
    """Returns `text` without invisible characters and compatibility forms."""
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).replace("\u2019", "'").replace("\u201c", '"')


def without_markup(text: str) -> str:
    """Returns `text` without tags and entities."""
    if "<" in text:
        text = _TAG.sub(" ", text)
    return html.unescape(text) if "&" in text else text


def has_any(text: str, pieces: Iterable[str]) -> bool:
    """Returns True when `text` contains one of the pieces. It spares most texts a pattern, which is much slower."""
    # A loop, because the generator of `any` takes longer than the search.
    for piece in pieces:  # noqa: SIM110
        if piece in text:
            return True
    return False
