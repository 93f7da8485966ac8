"""What a caption tells before it is posted: its length, its hashtags, whether it asks for something."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

CALLS_TO_ACTION = (
    # talk to us
    *("comment below", "comment down", "leave a comment", "drop a comment", "drop a", "tell us", "tell me"),
    *("let us know", "let me know", "what do you think", "share your", "your thoughts", "thoughts?", "vote"),
    # react, keep, pass on
    *("double tap", "like if", "like this", "like and", "save this", "save for later", "share this", "share with"),
    *("tag a", "tag your", "tag someone", "tag us", "retweet", "repost", "pass it on"),
    # come along
    *("follow us", "follow me", "follow for", "follow @", "subscribe", "turn on notifications", "join us", "join our"),
    *("join the", "sign up", "register", "rsvp", "get your", "grab your", "don't miss"),
    # go somewhere
    *(
        "link in",
        "click",
        "tap the",
        "swipe up",
        "swipe left",
        "swipe to",
        "check out",
        "visit",
        "head to",
        "head over",
    ),
    *("read more", "learn more", "find out more", "see more", "watch now", "watch the video", "watch the full video"),
    *("watch the clip", "watch the reel", "watch the trailer", "watch the episode", "watch until the end"),
    *("watch till the end", "listen now", "dm us", "dm me", "message us", "call us", "download", "try it", "try our"),
    # buy
    *("shop now", "shop the", "buy now", "order now", "pre-order", "book now", "book your", "use code", "enter to win"),
    *("giveaway",),
)
"""Phrases by which a caption asks its reader to do something. English, whole words, upper and lower case alike."""

_TAG = r"(?=\w*[^\W\d])\w+"
# The sign comes before the look behind it: the engine then skips to the next sign instead of looking everywhere.
_HASHTAGS = re.compile(rf"#(?<![\w&/#]#){_TAG}(?:#{_TAG})*")
"""Hashtags as platforms read them, those that stand together at once: letters, digits and underscores of any script
after `#`, not digits alone, and not in the middle of a word or an address."""


def _phrase_pattern(phrases: Sequence[str]) -> re.Pattern[str]:
    by_first_letter: dict[str, list[str]] = {}
    for phrase in sorted(phrases, key=len, reverse=True):
        by_first_letter.setdefault(phrase[0], []).append(re.escape(phrase[1:]).replace(r"\ ", r"\s+"))
    # One branch a first letter lets the engine skip most positions of a caption at once.
    branches = (f"{letter}(?:{'|'.join(rests)})" for letter, rests in by_first_letter.items())
    return re.compile(rf"\b(?:{'|'.join(branches)})(?!\w)")


_CALL_TO_ACTION = _phrase_pattern(CALLS_TO_ACTION)
_DOERS = (["i"], ["we"], ["he"], ["she"], ["they"], ["who"])
"""Before a phrase they make a report of it: "we visit the harbor" asks nobody to."""
_REACH = 6
"""Characters before a phrase in which they stand: the longest, a space, and one that shows where the word begins."""


@dataclass(frozen=True, slots=True)
class CaptionFacts:
    """What a caption says of itself; all None when there is no caption to read."""

    length: int | None = None
    """Characters, hashtags included."""
    hashtag_count: int | None = None
    call_to_action: bool | None = None


def describe_caption(caption: str | None, hashtags: Sequence[str] | None = None) -> CaptionFacts:
    """Reads a caption. `hashtags`, when given and not empty, outrank those in the text.

    None, and an empty caption without hashtags, mean that nothing is known: platforms report neither.
    """
    if not caption:
        return CaptionFacts(hashtag_count=len(hashtags)) if hashtags else CaptionFacts()
    count = len(hashtags) if hashtags else sum(tags.count("#") for tags in _HASHTAGS.findall(caption))
    return CaptionFacts(len(caption), count, has_call_to_action(caption))


def has_call_to_action(caption: str) -> bool:
    """Whether a caption asks its reader to do something, by `CALLS_TO_ACTION` that are not somebody else's doing."""
    text = caption.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    return any(not _is_report(text, found.start()) for found in _CALL_TO_ACTION.finditer(text))


def _is_report(text: str, start: int) -> bool:
    """Whether who does what the phrase says stands right before it."""
    before = text[max(0, start - _REACH) : start]
    return before[-1:].isspace() and before.split()[-1:] in _DOERS
