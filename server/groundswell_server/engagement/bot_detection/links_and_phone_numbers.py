"""Detects web addresses and telephone numbers in comments."""

from __future__ import annotations

import re
from typing import Final

from groundswell_server.engagement.bot_detection.reasons import Reason

EXTERNAL_LINK_LOG_ODDS: Final = 3.4
"""Comment sections do not make addresses clickable, so most writers of an address promote something."""
MEDIA_LINK_LOG_ODDS: Final = 1.3
"""Weight of an address of a site that people quote from, such as the song they discuss or a reaction picture."""
PHONE_LOG_ODDS: Final = 3.4
MANY_DIGITS_LOG_ODDS: Final = 0.5
"""Low, because view counts and jokes have ten digits too."""

_DOMAINS: Final = "app be br ca cc club co de es fm fr gg gl in io it ly me mx nl pl pw ru se site to tv uk us"
LINK_TRIGGERS: Final = (
    *("http:", "https:", "www", ".com", ".net", ".org", ".info", ".biz", ".xyz"),
    *map(".{}/".format, _DOMAINS.split(" ")),
)
"""Every address that `link_findings` examines contains one of them."""

_LINK: Final = re.compile(
    r"https?:/{1,2}\S+|\bwww\d?\.\S+"
    r"|(?<![\w@.])(?:[a-z0-9-]{2,}\.)+(?:com|net|org|info|biz|xyz)\b(?:/\S*)?"
    r"|(?<![\w@.])(?:[a-z0-9-]{2,}\.)+[a-z]{2,6}/\S+"
)
_MEDIA: Final = re.compile(
    r"(?:https?:/{1,2})?(?:www\.|m\.)?(?:youtu\.be/|youtube\.com/watch|giphy\.com/|tenor\.com/|media\.tenor|imgur\.com/"
    r"|i\.imgur\.com/|[a-z]{2}\.wikipedia\.org/|genius\.com/)"
)
_PHONE: Final = re.compile(
    r"(?<![\d.,])(?:"
    r"\+\d[\d ()\-]{8,17}\d"
    r"|\d{10,13}(?![\d.,]*\d)"
    r"|\(?\d{3}\)?[ .\-]{1,2}\d{3}[ .\-]\d{4}(?!\d)"
    r")(?! ?(?:views?|wiews|viewers?|likes?|people|subs|subscribers|followers|times|comments|dislikes|hits|years|%))"
)
_CUSTOMER_NUMBER: Final = re.compile(r"\b(?:order|tracking|invoice|reference|ref|ticket|case|parcel|isbn|sku)\b")
"""Customers who wait for a parcel quote long numbers."""
_DIGITS: Final = re.compile(r"\d(?:[ .,]?\d){9,}")


def link_findings(text: str) -> list[tuple[Reason, float, float]]:
    """Returns (reason, log-odds, number of addresses) for each kind of address in a normalized text."""
    links = _LINK.findall(text)
    media = sum(1 for link in links if _MEDIA.match(link))
    found = []
    if len(links) > media:
        found.append((Reason.EXTERNAL_LINK, EXTERNAL_LINK_LOG_ODDS, float(len(links) - media)))
    if media:
        found.append((Reason.MEDIA_LINK, MEDIA_LINK_LOG_ODDS, float(media)))
    return found


def number_findings(text: str) -> list[tuple[Reason, float, float]]:
    """Returns (reason, log-odds, digits) for a telephone number, or else for ten or more digits in a row.

    Digits inside an address are ignored.
    """
    bare = _LINK.sub(" ", text)
    if (phone := _PHONE.search(bare)) and not _CUSTOMER_NUMBER.search(bare):
        return [(Reason.PHONE_NUMBER, PHONE_LOG_ODDS, float(sum(map(str.isdigit, phone[0]))))]
    if digits := _DIGITS.search(bare):
        return [(Reason.MANY_DIGITS, MANY_DIGITS_LOG_ODDS, float(sum(map(str.isdigit, digits[0]))))]
    return []
