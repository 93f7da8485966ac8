"""Ratings of emoji in comments, on VADER's scale from -4 (very bad) to 4 (very good).

VADER reads an emoji by its name: "fire" is a disaster, "face with tears of joy" contains tears, and most names contain
no rated word, so that hearts and applause score 0. Here each emoji is rated by its usual meaning under a post. Emoji
that accompany praise as often as grief (a loudly crying face) are 0: the words decide.
"""

from __future__ import annotations

import re
from typing import Final

_RATED: Final = {
    3.0: "😍🥰💖😻💘💝🏆🐐",
    2.5: "❤♥🧡💛💚💙🩵💜🖤🤍🤎🩷💕💗💓💞💯🤩😘💋👑🎉🥳👏🙌❣",
    2.0: "🔥👍😊☺😁😀😃😄🥹🌟⭐🫶💪🤗😇👌🎊💎😎🤤🥵🌹💐🤌🦋",
    1.5: "✨🙏🙂😋😉😌🤭🫡🤝✌🤘🤙😚😙🌸🌺🌷🌻🌈☀🌞🚀🎂🍾🥂💫⚡🥇🫠🆒✅✔☝",
    1.0: "😂🤣😹😆😅😝😜😛🤪🤯💀☠🤠😏🙈🐣🍀🥺😳🤑",
    -1.0: "😕🙁☹😟😬😓😰😨😶🤨🧐😑😐🥱😴🤷",
    -1.5: "😢😞😔😥😿🙄😒😣😖😫😩🤦🥀📉",
    -2.0: "💔😤👿🤡💩🗑🚮🤥❌🚫🙅🫤🤒🤕",
    -2.5: "😠😡👎🤢🤮🖕",
    -3.0: "🤬",
}

EMOJI: Final = {symbol: rating for rating, symbols in _RATED.items() for symbol in symbols}
"""Rating of each rated emoji; all others are 0."""

LAUGHTER: Final = frozenset("😂🤣😹😆😅💀☠")
"""Laughter may be kind or unkind; however many of these a text has, they count once."""

_UNSEEN: Final = re.compile("[\u200d\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\u20e3]")
_SYMBOL: Final = re.compile("[\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]")
MAX_REPEATS: Final = 3
"""Repeats of an emoji that count; further ones add nothing."""


def strip_modifiers(text: str) -> str:
    """Returns `text` without variation selectors, skin tones and joiners, so that each emoji has one spelling."""
    return text if text.isascii() else _UNSEEN.sub("", text)


def separate_emoji(text: str) -> str:
    """Returns `text` with emoji as words: the first `MAX_REPEATS` of each, and one of all laughter."""
    if text.isascii():
        return text
    seen: dict[str, int] = {}

    def spaced(match: re.Match[str]) -> str:
        symbol = match[0]
        seen[symbol] = count = seen.get(symbol, 0) + 1
        if symbol in LAUGHTER:
            laughed = sum(seen.get(each, 0) for each in LAUGHTER)
            return f" {symbol} " if laughed == 1 else " "
        return f" {symbol} " if count <= MAX_REPEATS else " "

    return _SYMBOL.sub(spaced, text)


def without_emoji(text: str) -> str:
    """Returns `text` with a space in place of each emoji."""
    return text if text.isascii() else _SYMBOL.sub(" ", text)
