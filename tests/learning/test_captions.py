"""Facts about captions."""

from __future__ import annotations

import pytest

from groundswell_server.learning.features.captions import CaptionFacts, describe_caption, has_call_to_action


@pytest.mark.parametrize(
    "caption",
    [
        "What do you think?",
        "LINK IN BIO for the full story",
        "Tag a friend who needs this",
        "Shop now, it ends tonight",
        "Save this for your next trip",
        "Watch the video for the recipe",
        "Don\u2019t miss it",
        "Double  tap if you agree",
        "So good.\nComment below!",
        "We visit the harbor. Visit us there!",
        "Who are we? Follow us to find out",
        " visit us",
    ],
)
def test_a_caption_with_a_call_to_action(caption: str) -> None:
    assert has_call_to_action(caption)


@pytest.mark.parametrize(
    "caption",
    [
        "Morning light over the harbor",
        "She clicked with everyone",  # not "click"
        "We watch the sunset from here",  # nobody is asked to
        "The revoted motion failed",  # not "vote"
        "Every year we watch the video again",
        "Those who follow me know it",
        "I visit the harbor when they download their maps",
        "A savings plan",
        "",
    ],
)
def test_a_caption_without_a_call_to_action(caption: str) -> None:
    assert not has_call_to_action(caption)


@pytest.mark.parametrize(
    ("caption", "count"),
    [
        ("New in: the rose serum #rose #skin_care #Été", 3),
        ("#one#two", 2),
        ("We are #1 in C#", 0),  # digits alone are no hashtag, nor is a letter before the sign
        ("see example.com/page#top &#39;", 0),
        ("#東京 #2024goals", 2),
    ],
)
def test_hashtags_are_counted_as_platforms_read_them(caption: str, count: int) -> None:
    assert describe_caption(caption).hashtag_count == count


def test_hashtags_that_are_given_outrank_those_in_the_text() -> None:
    assert describe_caption("Hello #one", ["a", "b", "c"]) == CaptionFacts(10, 3, False)


@pytest.mark.parametrize("caption", [None, ""])
def test_without_a_caption_all_facts_are_unknown(caption: str | None) -> None:
    assert describe_caption(caption) == CaptionFacts(None, None, None)
    assert describe_caption(caption, ["a", "b"]) == CaptionFacts(None, 2, None)
