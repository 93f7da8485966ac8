from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell_server.engagement.posts.captions import (
    hashtags_in,
    mentions_in,
    normalize_hashtag,
    normalize_mention,
    validate_caption,
)
from groundswell_storage.errors import InvalidArgument


@pytest.mark.parametrize(
    ("caption", "hashtags"),
    [
        ("Golden hour #Sunset #harbor #sunset", ("sunset", "harbor")),
        ("#café #日本 #straße!", ("café", "日本", "straße")),
        ("we are #1 of C# and http://a.example/#top", ()),
        ("#one#two", ("one",)),
        ("&#39;quoted&#39;", ()),
        ("#snake_case_2", ("snake_case_2",)),
    ],
)
def test_hashtags_are_read_from_captions(caption: str, hashtags: tuple[str, ...]) -> None:
    assert hashtags_in(caption) == hashtags


@pytest.mark.parametrize(
    ("caption", "mentions"),
    [
        ("with @Anna.Sky, and @ben_2!", ("anna.sky", "ben_2")),
        ("thanks @anna.", ("anna",)),
        ("mail me: anna@example.org", ()),
        ("@@double", ()),
    ],
)
def test_mentions_are_read_from_captions(caption: str, mentions: tuple[str, ...]) -> None:
    assert mentions_in(caption) == mentions


def test_a_hashtag_is_spelled_without_its_sign_in_lower_case() -> None:
    assert normalize_hashtag("#GoldenHour", "hashtags[0]") == "goldenhour"


@pytest.mark.parametrize("tag", ["golden hour", "#", "", "a\tb", "a#b", "x" * 151])
def test_what_is_no_hashtag_is_refused_with_its_field(tag: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        normalize_hashtag(tag, "hashtags[2]")

    assert refused.value.fields[0].field == "hashtags[2]"


@pytest.mark.parametrize("handle", ["", "@", "a b", "a@b", "x" * 151])
def test_what_is_no_account_is_refused(handle: str) -> None:
    with pytest.raises(InvalidArgument):
        normalize_mention(handle, "mentions[0]")


@pytest.mark.parametrize("caption", ["x" * 20_001, "a\x00b"])
def test_captions_that_cannot_be_kept_are_refused(caption: str) -> None:
    with pytest.raises(InvalidArgument):
        validate_caption(caption, "caption")


@given(st.text())
def test_whatever_is_found_in_a_caption_is_accepted_as_it_is(caption: str) -> None:
    for tag in hashtags_in(caption):
        assert normalize_hashtag(tag, "tag") == tag
    for handle in mentions_in(caption):
        assert normalize_mention(handle, "mention") == handle
