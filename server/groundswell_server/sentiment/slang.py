"""Ratings of slang words and phrases that VADER does not know, or knows with an older meaning.

Ratings are on VADER's scale, -4 to 4. A phrase is rated as a whole, so that "killing it" is not about killing.
"""

from __future__ import annotations

import re
from functools import cache
from string import ascii_letters
from typing import Final

WORDS: Final[dict[str, float]] = {
    "addicted": 1.0,
    "aesthetic": 1.5,
    "ate": 1.5,
    "badass": 2.2,
    "banger": 2.5,
    "bestie": 1.2,
    "boring": -2.0,
    "bop": 1.5,
    "bussin": 2.2,
    "chills": 1.8,
    "clickbait": -2.0,
    "crazy": 0.6,
    "cringe": -2.0,
    "cringey": -2.0,
    "cringy": -2.0,
    "crying": 0.0,
    "damn": 0.3,
    "dead": -0.5,
    "dope": 2.2,
    "dreamy": 2.0,
    "drip": 1.2,
    "dying": -0.5,
    "epic": 2.3,
    "eww": -2.0,
    "ewww": -2.0,
    "ew": -2.0,
    "fab": 2.2,
    "fire": 2.2,
    "flawless": 2.8,
    "flop": -1.8,
    "garbage": -2.3,
    "gem": 2.0,
    "goat": 2.6,
    "goals": 1.6,
    "goosebumps": 2.0,
    "gorg": 2.6,
    "heavenly": 2.4,
    "icon": 1.8,
    "iconic": 2.2,
    "insane": 1.6,
    "insanely": 0.8,
    "jealous": 0.9,
    "king": 1.2,
    "legend": 2.0,
    "legendary": 2.4,
    "lit": 2.2,
    "mesmerizing": 2.4,
    "mid": -1.4,
    "nope": -0.8,
    "obsessed": 2.2,
    "omg": 0.4,
    "overpriced": -1.8,
    "overrated": -2.0,
    "photoshopped": -1.2,
    "queen": 1.8,
    "refund": -1.2,
    "savage": 0.8,
    "screaming": 0.4,
    "scammer": -2.7,
    "serving": 1.0,
    "shook": 0.8,
    "sick": 1.6,
    "slaps": 2.0,
    "slay": 2.4,
    "slayed": 2.4,
    "slaying": 2.4,
    "slays": 2.4,
    "snatched": 1.8,
    "sobbing": 0.0,
    "speechless": 1.4,
    "spam": -1.8,
    "stan": 1.4,
    "stunner": 2.6,
    "stunned": 1.5,
    "sus": -1.2,
    "trash": -2.3,
    "unfollow": -2.2,
    "unfollowed": -2.2,
    "unfollowing": -2.2,
    "unmatched": 2.0,
    "unreal": 1.9,
    "vibe": 1.2,
    "vibes": 1.2,
    "vibing": 1.4,
    "wholesome": 2.0,
    "wifey": 1.0,
    "yas": 2.0,
    "yass": 2.0,
    "yikes": -1.6,
    "yum": 2.0,
    "yummy": 2.2,
}

PHRASES: Final[dict[str, float]] = {
    r"(?:am|are|feel|feels|feeling|felt|get|got|i'?m|makes me|made me) (?:so |really )?sick": -2.2,
    r"sick (?:of|and tired)": -2.2,
    r"kill(?:ed|ing|in|s)? (?:it|this|that)": 2.6,
    r"nail(?:ed|ing|s)? (?:it|this|that)": 2.4,
    r"crush(?:ed|ing|es)? (?:it|this)": 2.2,
    r"to die for": 2.8,
    r"(?:i'?m|i am|im) (?:dying|dead|deceased|crying|screaming)": 0.8,
    r"(?:she|he|they|you|u) ate(?: that)?": 2.2,
    r"left no crumbs": 2.4,
    r"no (?:notes|crumbs)": 2.0,
    r"no cap": 0.6,
    r"chef'?s kiss": 2.8,
    r"hits? different": 1.8,
    r"on (?:point|fleek)": 2.0,
    r"on fire": 2.2,
    r"(?:hell|heck|fuck) (?:yeah|yes|yea)": 2.4,
    r"(?:hell|heck) no": -2.2,
    r"as (?:hell|fuck)": 0.3,
    r"(?:the|da) shit": 2.6,
    r"holy (?:shit|crap|cow|moly)": 0.8,
    r"badass|bad ass": 2.2,
    r"(?:can'?t|cant|cannot|can not|couldn'?t) stop": 1.8,
    r"(?:can'?t|cant|cannot|can not) wait": 1.8,
    r"(?:can'?t|cant|cannot|can not) get enough": 2.2,
    r"take my (?:money|breath away)": 2.0,
    r"(?:takes|took) my breath away": 2.4,
    r"not (?:gonna|going to) lie": 0.0,
    r"no (?:lie|joke|doubt)": 0.0,
    r"well done": 2.4,
    r"thumbs up": 2.0,
    r"thumbs down": -2.0,
    r"two thumbs": 1.5,
    r"worth (?:it|every)": 1.8,
    r"not worth": -1.8,
    r"nothing special": -1.2,
    r"(?:could|should|can) (?:be|do|have been) better": -1.2,
    r"do better": -1.4,
    r"(?:was|were|used to be) better before": -1.4,
    r"used to (?:be|like|love)": -1.0,
    r"waste of (?:time|money)": -2.6,
    r"(?:never|not) again": -1.4,
    r"ripoff|rip off": -2.2,
    r"sell ?out": -1.8,
    r"lowkey|low key|highkey|high key": 0.0,
    r"miss (?:this|these|you|u|it there)": 0.4,
}


SIGNS: Final = (
    *("agai", "ass", "ate", "bada", "bett", "brea", "cap", "crum", "crus", "cryi", "dead", "dece", "die", "diff"),
    *("done", "doub", "dyin", "enou", "fire", "flee", "fuck", "heck", "hell", "high", "holy", "joke", "key", "kill"),
    *("kiss", "lie", "lowk", "miss", "mone", "nail", "note", "off", "poin", "ripo", "scre", "sell", "shit", "sick"),
    *("spec", "stop", "thum", "used", "wait", "wast", "wort"),
)
"""Beginnings of words (or whole short words) that the pattern of a phrase contains; every text with a phrase has
one."""
_BEGINNING: Final = 4
"""Letters of a word that are compared."""
_SIGN_OF: Final = {sign.encode(): sign for sign in SIGNS}
_ALL_SIGNS: Final = frozenset(_SIGN_OF)
_ASCII_LETTERS: Final = bytes(code if chr(code) in ascii_letters else ord(" ") for code in range(256))
_FEW_SIGNS: Final = 2
"""Texts with more of them are rare and are searched for all phrases."""

PHRASE_RATINGS: Final = {f"phrase{place}": rating for place, rating in enumerate(PHRASES.values(), 1)}
"""Ratings of the placeholder words by which `replace_phrases` replaces phrases."""


def replace_phrases(text: str) -> str:
    """Returns `text` with each phrase replaced by one word."""
    words = text.lower().encode().translate(_ASCII_LETTERS).split()
    found = _SIGN_OF.keys() & [word[:_BEGINNING] for word in words]
    if not found:
        return text
    return _pattern(frozenset(found) if len(found) <= _FEW_SIGNS else _ALL_SIGNS).sub(_in_place, text)


@cache
def _pattern(signs: frozenset[bytes]) -> re.Pattern[str]:
    """Returns the pattern of the phrases that a text with these signs can contain."""
    named = zip(PHRASE_RATINGS, PHRASES, strict=True)
    phrases = [f"(?P<{name}>{phrase})" for name, phrase in named if any(_SIGN_OF[sign] in phrase for sign in signs)]
    return re.compile(rf"\b(?:{'|'.join(phrases)})\b", re.IGNORECASE)


def _in_place(match: re.Match[str]) -> str:
    return f" {match.lastgroup} "
