"""Masks e-mail addresses, telephone numbers and names in the text of interactions before it is stored.

E-mail addresses and telephone numbers are found by their form, including spellings that hide it ("name at mail dot
com"). Names are found where the text introduces them ("my name is ...", a signature at the end). Without a language
model, a name in the middle of a sentence cannot be distinguished from other words and stays. Mentions (@account) stay:
they are public handles, and the bot filter and the register need them. Numbers that are not telephone numbers stay:
counts ("1,000,000 views"), years, prices, times.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from groundswell_server.conversions.plain_text import has_any

EMAIL: Final = "[e-mail]"
TELEPHONE: Final = "[telephone]"
NAME: Final = "[name]"

_EMAIL: Final = re.compile(r"(?<![\w.+%-])[\w.+%-]+@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_SPELLED_EMAIL: Final = re.compile(
    r"(?<![\w.+%-])(?:[\w.+%-]+(?: dot | ?[(\[]dot[)\]] ?)){0,3}[\w.+%-]+ ?(?:"
    r"[(\[]at[)\]] ?[\w-]{1,63}(?: ?(?:\.|[(\[]dot[)\]]) ?[a-z]{2,12}){1,3}\b"
    r"|(?<= )at (?:(?:g|google|hot|proton)?mail|yahoo|outlook|icloud|proton|gmx|aol) ?(?:\.|dot) ?[a-z]{2,12}\b"
    r")",
    re.IGNORECASE,
)

_TELEPHONE: Final = re.compile(
    r"(?<![\w.,@/#$\u20ac\u00a3=&%?-])"
    r"(?:"
    r"(?:\+|00)\d{1,3}(?:[ .()/-]{0,3}\d){6,12}"  # international
    r"|\(?0\d{1,5}\)?(?:[ ./-]{1,3}\d{2,8}){1,5}"  # national with a leading 0 and groups
    r"|\(0\) ?\d{1,5}(?:[ ./-]{0,3}\d{2,8}){1,5}"  # national with the 0 that is left out from abroad
    r"|0\d{9,11}"  # the same without groups
    r"|\(\d{3}\) ?\d{3}[ .-]\d{4}|\d{3}[.-]\d{3}[.-]\d{4}|\d{3} \d{3} \d{4}|1[ .-]\d{3}[ .-]\d{3}[ .-]\d{4}"  # American
    r"|[1-9]\d{9,12}"  # ten to thirteen digits without separators
    r")(?![\w@/]|[.,]\d)"
    r"(?! ?(?:views?|viewers?|likes?|people|subs|subscribers|followers|comments|times|hits|dollars|euros?|\u20ac|%))",
    re.IGNORECASE,
)
_CALL: Final = re.compile(
    r"(?P<ask>\b(?:call|text|whats ?app|phone|tel|telephone|mobile|cell|ring|sms|dial|number is|number:|tel\.?:)"
    r"(?: me| us)?(?: at| on| now)?[ :]{1,3})(?P<number>\+?\d(?:[ .()/-]{0,2}\d){5,14})(?![\w])",
    re.IGNORECASE,
)
_MIN_DIGITS: Final = 7
_DIGIT: Final = re.compile(r"\d")
_SIGNATURE: Final = 150
"""Characters at the end of a text that are searched for a signature."""
_YEARS: Final = re.compile(r"(?:19|20)\d\d(?:[ ./-]{1,3}(?:(?:19|20)\d\d|\d{1,2}))*")

_WORD: Final = r"[^\W\d_](?:[^\W\d_]|['\u2019-](?=[^\W\d_])){1,30}"
_CAPITALIZED: Final = r"[A-Z\u00c0-\u00de\u0391-\u03a9\u0410-\u042f](?:[^\W\d_]|['\u2019-](?=[^\W\d_])){0,30}"
_FULL_NAME: Final = rf"{_CAPITALIZED}(?: {_CAPITALIZED}){{0,2}}"
_STATED: Final = re.compile(
    rf"\b(?:my (?:full |real |first |last )?name(?: is|'s|\u2019s)|my name:|i am called|i'm called|"
    r"call me(?= (?-i:[A-Z][a-z]))|"
    r"me llamo|mi nombre es|je m'appelle|je m\u2019appelle|mon nom est|ich hei(?:ss|\u00df)e|mein name ist|"
    r"meu nome \u00e9|me chamo|mi chiamo|nazywam si\u0119|mijn naam is)[ :]{1,2}"
    rf"(?P<name>{_WORD}(?-i:(?: {_CAPITALIZED}){{0,3}}))",
    re.IGNORECASE,
)
_NOT_CALLED: Final = frozenset(
    re.split(
        r"\s+",
        "a an and at back but by crazy in later maybe me mine mr mrs my naive not now ok old on or please soon stupid "
        "the this tomorrow weird when whatever",
    )
)
_NAMING: Final = (
    "name",
    "call",
    "llam",
    "appel",
    "hei",
    "chiam",
    "chamo",
    "nazyw",
    "naam",
    "mon nom",
    "mi nombre",
    "meu nome",
)
"""Every text with a match of `_STATED` contains one of them."""
_INTRODUCED: Final = re.compile(
    rf"\b(?:[Ii]['\u2019]?m|[Ii] am|I'M|I AM) (?P<name>{_FULL_NAME})(?=[,.!]|$| (?:and|from|here|btw)\b)"
)
_PRESENTED: Final = re.compile(rf"\b(?:[Tt]his is|[Hh]ere is) (?P<name>{_FULL_NAME})(?= (?:from|here|speaking)\b)")
_NOT_INTRODUCED: Final = frozenset(
    re.split(
        r"\s+",
        "A An Am Also Always American Amazed Back Blessed British Canadian Catholic Christian Crying Done Dead Dying "
        "English Excited French From German Going Gonna Happy Here I In Indian Irish Italian Jewish Just Literally "
        "Mexican Muslim My Not Now Obsessed Ok On Out Proud Ready Really Sad Screaming Shook So Sorry Spanish Still "
        "Such Team That The This Tired Too Very What Why Your",
    )
)
_SIGNED: Final = re.compile(
    r"(?P<lead>(?:^|[\s,.!])(?:(?:best|kind|warm|many) regards|regards|sincerely(?: yours)?|yours(?: truly| sincerely)?"
    r"|cheers|love(?=,?\n)|hugs|greetings|thanks|thank you|mit freundlichen gr\u00fc\u00dfen|liebe gr\u00fc\u00dfe|lg"
    r"|saludos|cordialement|bisous|xoxo)[,\n]\s{0,3}(?:from )?)"
    rf"(?P<name>(?-i:{_FULL_NAME}))(?P<end>[ .!\u2764\ufe0fx<3]*)$",
    re.IGNORECASE,
)
_DASHES: Final = ("-", "~", "\u2013", "\u2014")
_DASHED: Final = re.compile(
    rf"(?P<lead>[.!?\u2026\n]\s{{0,3}}(?:-{{1,2}}|\u2013|\u2014|~) ?)(?P<name>{_FULL_NAME})(?P<end>[ .!]*)$"
)


class MaskedText(NamedTuple):
    """A text in which personal data is replaced by `[e-mail]`, `[telephone]` or `[name]`."""

    text: str
    emails: int
    telephones: int
    names: int


def mask(text: str) -> MaskedText:
    """Masks the personal data that can be recognized in `text`. Masking a masked text changes nothing."""
    lower = text.lower()
    text, emails = _EMAIL.subn(EMAIL, text) if "@" in text else (text, 0)
    if "at)" in lower or "at]" in lower or " at " in lower:
        text, spelled = _SPELLED_EMAIL.subn(EMAIL, text)
        emails += spelled
    # Searching texts that cannot match would be most of the cost, and few texts have the digits of a number.
    text, telephones = _mask_telephones(text) if len(_DIGIT.findall(text)) >= _MIN_DIGITS else (text, 0)
    text, names = _mask_names(text, lower)
    return MaskedText(text, emails, telephones, names)


def _mask_telephones(text: str) -> tuple[str, int]:
    count = 0

    def replace(match: re.Match[str]) -> str:
        nonlocal count
        number = match["number"] if "number" in match.re.groupindex else match[0]
        if sum(map(str.isdigit, number)) < _MIN_DIGITS or _YEARS.fullmatch(number):
            return match[0]
        count += 1
        return match[0].removesuffix(number) + TELEPHONE

    return _TELEPHONE.sub(replace, _CALL.sub(replace, text)), count


def _mask_names(text: str, lower: str) -> tuple[str, int]:
    """Masks names. `lower` is the unmasked text in lower case, by which most texts are skipped."""
    stated = introduced = presented = 0
    if has_any(lower, _NAMING):
        text, stated = _replace_names(_STATED, text, _is_called)
    if "im " in lower or "'m " in lower or "\u2019m " in lower or "i am " in lower:
        text, introduced = _replace_names(_INTRODUCED, text, _is_introduced)
    if "this is " in lower or "here is " in lower:
        text, presented = _replace_names(_PRESENTED, text, _is_introduced)
    # Signatures are at the end, so only that part is searched.
    body, end = text[:-_SIGNATURE], text[-_SIGNATURE:]
    end, signed = _replace_names(_SIGNED, end, _is_signed) if "," in end or "\n" in end else (end, 0)
    end, dashed = _replace_names(_DASHED, end, _is_signed) if has_any(end, _DASHES) else (end, 0)
    return body + end, stated + introduced + presented + signed + dashed


def _replace_names(pattern: re.Pattern[str], text: str, is_name: Callable[[str], bool]) -> tuple[str, int]:
    """Replaces the group `name` of each match that `is_name` accepts; returns (text, number of replacements)."""
    count = 0

    def replace(match: re.Match[str]) -> str:
        nonlocal count
        if not is_name(match["name"]):
            return match[0]
        count += 1
        start, end = match.start("name") - match.start(), match.end("name") - match.start()
        return match[0][:start] + NAME + match[0][end:]

    return pattern.sub(replace, text), count


def _is_called(name: str) -> bool:
    return name.split()[0].lower() not in _NOT_CALLED


def _is_introduced(name: str) -> bool:
    first = name.split()[0]
    shouted = name.isupper() and len(name) > 1
    return first not in _NOT_INTRODUCED and not first.endswith(("ing", "ed")) and not shouted


def _is_signed(name: str) -> bool:
    return bool(name)
