"""Text features of captions that only patterns use: words, emoji, questions, links, sentiment."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from groundswell_server.learning.features.captions import has_call_to_action
from groundswell_server.sentiment.analyzer import analyze_sentiment

_LINKS = re.compile(r"https?://\S+|\bwww\.\S+")
_TAGS = re.compile(r"[#@]\w+")
_WORDS = re.compile(r"[^\W_]+(?:['\N{RIGHT SINGLE QUOTATION MARK}-][^\W_]+)*")
_PICTURE = (
    r"[\U0001F300-\U0001F5FF\U0001F600-\U0001F64F\U0001F680-\U0001F6FF\U0001F900-\U0001FAFF\u2600-\u27BF\u2B50\u2B55]"
)
_TONE = r"[\uFE0F\U0001F3FB-\U0001F3FF]*"
_EMOJI = re.compile(rf"[\U0001F1E6-\U0001F1FF]{{2}}|{_PICTURE}{_TONE}(?:\u200D{_PICTURE}{_TONE})*")
"""One emoji as displayed: a flag, or a pictograph with its skin tone and the pictographs joined to it."""


class TextFacts(NamedTuple):
    """Text features of a caption."""

    words: int
    """Excluding hashtags, mentions and links."""
    emoji: int
    call_to_action: bool
    question: bool
    links: int
    sentiment: float
    """-1 to 1; 0 if unknown, as for languages other than English."""


@lru_cache(maxsize=20_000)
def describe_text(caption: str) -> TextFacts:
    """Returns the text features of a caption, cached because the same posts are analysed repeatedly."""
    if not caption:
        return TextFacts(0, 0, False, False, 0, 0.0)
    plain = _TAGS.sub(" ", _LINKS.sub(" ", caption))
    return TextFacts(
        words=len(_WORDS.findall(plain)),
        emoji=len(_EMOJI.findall(caption)),
        call_to_action=has_call_to_action(caption),
        question="?" in plain or "\N{FULLWIDTH QUESTION MARK}" in plain,
        links=len(_LINKS.findall(caption)),
        sentiment=analyze_sentiment(plain).score or 0.0,
    )
