"""The features that posts are clustered by, and their descriptions."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from groundswell_server.learning.patterns.caption_text import TextFacts, describe_text
from groundswell_server.learning.patterns.content_features import NAMES, PatternFeature, content_features
from groundswell_server.learning.patterns.descriptions import clock, describe, format_probability, signature
from groundswell_server.learning.patterns.sample import sample_of
from tests.learning.patterns.simulated import START, post

CAPTION = "I love this wonderful sunset! What do you think? \N{FIRE}\N{FIRE} See https://a.example #sea @bo"


def test_the_features_of_a_caption() -> None:
    text = describe_text(CAPTION)
    assert (text.words, text.emoji, text.call_to_action, text.question, text.links) == (10, 2, True, True, 1)
    assert text.sentiment > 0.7
    assert describe_text("I hate this terrible rain.").sentiment < -0.5
    assert describe_text("") == TextFacts(0, 0, False, False, 0, 0.0)


@pytest.mark.parametrize(
    ("emoji", "count"),
    [
        ("\U0001f44d\U0001f3fd", 1),
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467", 1),
        ("\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7", 2),
        ("\u2764\ufe0f\u2728", 2),
        ("abc 123 (c)", 0),
    ],
    ids=["skin tone", "family", "flags", "heart and sparkles", "none"],
)
def test_an_emoji_is_what_a_reader_sees_as_one(emoji: str, count: int) -> None:
    assert describe_text(emoji).emoji == count


def test_a_question_mark_in_a_url_is_no_question() -> None:
    assert not describe_text("See https://a.example/?q=1").question


def test_features_are_what_people_read() -> None:
    saturday = START + timedelta(days=5, hours=21, minutes=30)
    one = post(caption=CAPTION, hashtags=["sea"], mentions=["bo"], media_type=4, publish_time=saturday, time_zone="UTC")
    values = dict(zip(NAMES, content_features(sample_of([one])).values[0].tolist(), strict=True))
    found = {name: values[name] for name in ("words", "emoji", "hashtags", "mentions", "links", "weekend", "hour")}
    assert found == {"words": 10, "emoji": 2, "hashtags": 1, "mentions": 1, "links": 1, "weekend": 1, "hour": 21.5}
    assert [name for name in NAMES if name.startswith("format_") and values[name]] == ["format_video"]


def test_the_hour_is_on_the_personas_clock() -> None:
    one = post(publish_time=START + timedelta(hours=22), time_zone="Asia/Tokyo")
    assert content_features(sample_of([one])).values[0, NAMES.index("hour")] == 7.0


def test_columns_are_standardised_clipped_and_what_never_varies_is_left_out() -> None:
    posts = [post(at, hashtags=["a"] * (at % 5), media_type=2 + 2 * (at % 2)) for at in range(50)]
    posts.append(post(50, hashtags=["a"] * 5000))
    columns = content_features(sample_of(posts)).standardised()
    assert columns.shape == (51, 3)  # hashtags, image, video: all at the same hour, without captions
    assert np.abs(columns).max() == 3.0


def test_midnight_lies_between_eleven_and_one() -> None:
    hours = [23, 1] * 10 + [11, 13] * 10
    posts = [post(at, publish_time=START + timedelta(hours=hour)) for at, hour in enumerate(hours)]
    contrasts = content_features(sample_of(posts)).compare(np.arange(40) < 20)
    assert contrasts[0].name == "hour"
    assert clock(contrasts[0].value) == "00:00"
    assert clock(contrasts[0].rest_value) == "12:00"


def test_differences_are_in_standard_deviations_of_all_posts() -> None:
    posts = [post(at, media_type=4 if at < 15 else 2) for at in range(40)]
    video = next(
        one for one in content_features(sample_of(posts)).compare(np.arange(40) < 20) if one.name == "format_video"
    )
    assert (video.value, video.rest_value) == (0.75, 0.0)
    assert video.difference == pytest.approx(0.75 / np.sqrt(0.375 * 0.625))


def test_what_distinguishes_in_words() -> None:
    features = [
        PatternFeature("hour", 19.0, 9.25, 1.9),
        PatternFeature("hashtags", 8.0, 2.4, 1.2),
        PatternFeature("question", 0.1, 0.8, -1.1),
        PatternFeature("words", 5.0, 6.0, -0.4),
    ]
    assert describe(features) == (
        "are published around 19:00 (the rest around 09:15), have 8.0 hashtags on average (the rest 2.4) and rarely "
        "ask a question (10% of them, 80% of the rest)"
    )
    assert signature(features) == "+hashtags +hour -question"
    assert describe(features[3:]) == "have 5.0 words on average (the rest 6.0)", "something always has to be said"


def test_no_probability_is_formatted_as_certain() -> None:
    assert [format_probability(probability) for probability in (0.5, 0.987, 0.9999)] == ["50%", "99%", "over 99%"]
