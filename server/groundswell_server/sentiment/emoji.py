"""What emoji say in comments, on VADER's scale: -4 (as bad as can be) to 4.

VADER reads an emoji by its name: "fire" is a disaster, "face with tears of joy" has tears in it, and most names hold
no word that it knows, so that hearts and applause come out as 0. Here each is rated by what people mean with it under
a post. Those that go with praise as often as with grief (a loudly crying face) are 0: the words decide.
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
"""Rating of each emoji that has one; all others are 0."""

LAUGHTER: Final = frozenset("😂🤣😹😆😅💀☠")
"""Laughing at something and laughing with somebody look the same: however many there are, they count once."""

_UNSEEN: Final = re.compile("[\u200d\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\u20e3]")
_SYMBOL: Final = re.compile("[\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]")
MAX_REPEATS: Final = 3
"""Three flames say more than one; thirty say what three say."""


def strip_modifiers(text: str) -> str:
    """`text` without variation selectors, skin tones and joiners: one spelling for each emoji."""
    return text if text.isascii() else _UNSEEN.sub("", text)


def separate_emoji(text: str) -> str:
    """`text` with every emoji a word of its own, of repeats the first `MAX_REPEATS`, of laughter the first."""
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
    """`text` with a space in place of each emoji."""
    return text if text.isascii() else _SYMBOL.sub(" ", text)
