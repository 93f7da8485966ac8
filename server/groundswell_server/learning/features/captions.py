"""Facts about captions: length, hashtags and calls to action."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

CALLS_TO_ACTION = (
    # Comments.
    *("comment below", "comment down", "leave a comment", "drop a comment", "drop a", "tell us", "tell me"),
    *("let us know", "let me know", "what do you think", "share your", "your thoughts", "thoughts?", "vote"),
    # Reactions, saves and shares.
    *("double tap", "like if", "like this", "like and", "save this", "save for later", "share this", "share with"),
    *("tag a", "tag your", "tag someone", "tag us", "retweet", "repost", "pass it on"),
    # Follows and sign-ups.
    *("follow us", "follow me", "follow for", "follow @", "subscribe", "turn on notifications", "join us", "join our"),
    *("join the", "sign up", "register", "rsvp", "get your", "grab your", "don't miss"),
    # Visits.
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
    # Purchases.
    *("shop now", "shop the", "buy now", "order now", "pre-order", "book now", "book your", "use code", "enter to win"),
    *("giveaway",),
)
"""Phrases that call the reader to action: English, whole words, case-insensitive."""

_TAG = r"(?=\w*[^\W\d])\w+"
# The `#` comes before its look-behind, so that the engine skips directly to the next `#`.
_HASHTAGS = re.compile(rf"#(?<![\w&/#]#){_TAG}(?:#{_TAG})*")
"""Runs of adjacent hashtags as platforms read them: letters, digits and underscores of any script after `#`, not digits
alone, and not in the middle of a word or a URL."""


def _phrase_pattern(phrases: Sequence[str]) -> re.Pattern[str]:
    by_first_letter: dict[str, list[str]] = {}
    for phrase in sorted(phrases, key=len, reverse=True):
        by_first_letter.setdefault(phrase[0], []).append(re.escape(phrase[1:]).replace(r"\ ", r"\s+"))
    # With one branch per first letter the engine skips most positions of a caption.
    branches = (f"{letter}(?:{'|'.join(rests)})" for letter, rests in by_first_letter.items())
    return re.compile(rf"\b(?:{'|'.join(branches)})(?!\w)")


_CALL_TO_ACTION = _phrase_pattern(CALLS_TO_ACTION)
_SUBJECTS = (["i"], ["we"], ["he"], ["she"], ["they"], ["who"])
"""Words that turn a following phrase into a statement: "we visit the harbor" is not a call to action."""
_LOOK_BACK = 6
"""The number of characters before a phrase that are searched for a subject: the longest subject and two separators."""


@dataclass(frozen=True, slots=True)
class CaptionFacts:
    """Facts about one caption; all None if there is no caption."""

    length: int | None = None
    """In characters, including hashtags."""
    hashtag_count: int | None = None
    call_to_action: bool | None = None


def describe_caption(caption: str | None, hashtags: Sequence[str] | None = None) -> CaptionFacts:
    """Returns the facts about a caption. `hashtags`, if given and not empty, replace those in the text.

    Without a caption and hashtags all facts are None, because platforms report a missing caption as an empty one.
    """
    if not caption:
        return CaptionFacts(hashtag_count=len(hashtags)) if hashtags else CaptionFacts()
    count = len(hashtags) if hashtags else sum(tags.count("#") for tags in _HASHTAGS.findall(caption))
    return CaptionFacts(len(caption), count, has_call_to_action(caption))


def has_call_to_action(caption: str) -> bool:
    """Returns True if a caption contains one of `CALLS_TO_ACTION` that is not part of a statement."""
    text = caption.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    return any(not _is_statement(text, found.start()) for found in _CALL_TO_ACTION.finditer(text))


def _is_statement(text: str, start: int) -> bool:
    """Returns True if the word before the phrase is its subject."""
    before = text[max(0, start - _LOOK_BACK) : start]
    return before[-1:].isspace() and before.split()[-1:] in _SUBJECTS
