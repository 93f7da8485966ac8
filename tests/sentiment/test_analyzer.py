"""The sentiment of a comment: English and emoji, and nothing guessed elsewhere."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vaderSentiment.vaderSentiment import BOOSTER_DICT, NEGATE, SPECIAL_CASES, SentimentIntensityAnalyzer

from groundswell_server.sentiment.analyzer import MAX_CHARACTERS, analyze_sentiment
from groundswell_server.sentiment.emoji import EMOJI
from groundswell_server.sentiment.sentiment import Sentiment
from groundswell_server.sentiment.slang import PHRASES, SIGNS, replace_phrases
from groundswell_server.sentiment.vader import Vader
from tests.video_comments import all_comments

POSITIVE, NEUTRAL, NEGATIVE = Sentiment.POSITIVE, Sentiment.NEUTRAL, Sentiment.NEGATIVE

LABELLED = {
    POSITIVE: [
        "love this",
        "Love love LOVE this look!!",
        "🔥🔥🔥",
        "😂😂😂😂",
        "😂",
        "❤️",
        "🖤🖤",
        "👏🏽👏🏽👏🏽",
        "💯",
        "🐐",
        "this is fire",
        "she ate that",
        "you're killing it",
        "absolutely nailed it 👏",
        "I'm dead 💀",
        "crying this is so beautiful 😭😭",
        "sick shot bro",
        "these colours are insane",
        "so jealous, take me with you!",
        "obsessed with this dress",
        "goals 😍",
        "queen",
        "yasss",
        "not bad at all",
        "can't stop watching this",
        "can't wait to try it!",
        "chef's kiss 🤌",
        "10/10 would buy again, great quality",
        "Thanks for sharing, this helped a lot",
        "wow just wow",
        "the goat",
        "that sunset though 😍",
        "best thing I've seen today",
        "hell yeah",
        "cuteee",
        "soooo gooood",
        "iconic",
        "this song slaps",
        "no notes",
        "looks delicious 🤤",
    ],
    NEGATIVE: [
        "I hate this",
        "this is trash",
        "👎👎",
        "🤮",
        "so sick of these ads",
        "worst song ever 😂😂😂",
        "total waste of time",
        "not worth the money",
        "overrated",
        "cringe",
        "what a scam",
        "unfollowed",
        "this is so boring 🥱",
        "terrible quality, broke after one day",
        "I'm really disappointed",
        "mine arrived damaged and nobody answers my mails",
        "ew",
        "🙄🙄",
        "never again",
        "you used to be better, this is awful",
        "looks horrible on you",
        "💔",
        "this makes me so angry 😡",
        "yikes",
        "don't like the new one",
    ],
    NEUTRAL: [
        "where did you take this?",
        "@anna look",
        "what time do you open?",
        "is this in Lisbon?",
        "what lens is this",
        "how much is it?",
        "see you there",
        "second one for me",
        "😭😭😭",
        "👀",
        "which shop?",
        "are these the blue ones or the green ones",
        "2024?",
        "just posted about it",
        "what is the name of the song",
    ],
}

OTHER_LANGUAGES = [
    "que linda foto",
    "me encanta 😂",
    "hermosa 😍😍",
    "¡Qué bonito!",
    "muito lindo",
    "amei demais ❤️",
    "trop beau",
    "j'adore",
    "c'est magnifique",
    "das ist wunderschön",
    "das war super",
    "die Farben!",
    "sehr schön",
    "bellissima!",
    "che meraviglia",
    "wat mooi",
    "heel erg leuk",
    "så fint",
    "bardzo ładnie",
    "çok güzel",
    "cantik banget kak",
    "ang ganda mo",
    "bahut sundar hai yaar",
    "foarte frumos",
    "moc krásné",
    "nagyon szép",
    "ihanan kaunis kuva",
    "очень красиво",
    "とても綺麗",
    "太美了",
    "너무 예뻐요",
    "رائع جدا",
    "बहुत सुंदर",
    "สวยมาก",
    "πολύ όμορφο",
    "יפה מאוד",
]


@pytest.mark.parametrize(("label", "text"), [(label, text) for label, texts in LABELLED.items() for text in texts])
def test_comments_are_read_as_people_mean_them(label: Sentiment, text: str) -> None:
    assert analyze_sentiment(text).sentiment is label


def test_vader_alone_gets_far_fewer_of_them() -> None:
    """Shows the effect of the additional ratings."""
    vader = SentimentIntensityAnalyzer()

    def alone(text: str) -> Sentiment:
        score = vader.polarity_scores(text)["compound"]
        return POSITIVE if score >= 0.05 else NEGATIVE if score <= -0.05 else NEUTRAL

    labelled = [(label, text) for label, texts in LABELLED.items() for text in texts]
    assert sum(alone(text) is label for label, text in labelled) < 0.7 * len(labelled)


@pytest.mark.parametrize("text", OTHER_LANGUAGES)
def test_other_languages_are_unsupported_and_not_neutral(text: str) -> None:
    assert analyze_sentiment(text) == (Sentiment.UNSUPPORTED, None)


@pytest.mark.parametrize(
    "text", ["nice one bro", "so cute", "is it on?", "Wow", "omg me too", "no way", "lol", "super!"]
)
def test_short_english_is_english(text: str) -> None:
    assert analyze_sentiment(text).sentiment is not Sentiment.UNSUPPORTED


def test_few_of_1586_comments_are_unsupported() -> None:
    """Four English videos; a closer look finds Spanish, French and names without a sentence among those given up."""
    texts = [comment.text for comment in all_comments()]
    unread = [text for text in texts if analyze_sentiment(text).sentiment is Sentiment.UNSUPPORTED]
    assert len(texts) == 1586
    assert len(unread) <= 0.03 * len(texts)


@pytest.mark.parametrize(("plain", "dressed"), [("❤", "❤️"), ("👏", "👏🏿"), ("👍", "👍🏻"), ("☺", "☺️")])
def test_variation_selectors_and_skin_tones_change_nothing(plain: str, dressed: str) -> None:
    assert analyze_sentiment(dressed) == analyze_sentiment(plain)
    assert analyze_sentiment(dressed).sentiment is POSITIVE


@given(st.sampled_from(sorted(EMOJI)), st.integers(1, 30))
def test_an_emoji_keeps_its_side_however_often_it_is_repeated(emoji: str, times: int) -> None:
    score = analyze_sentiment(emoji * times).score
    assert score is not None
    assert (score > 0) == (EMOJI[emoji] > 0)


def test_a_text_without_a_word_or_an_emoji_says_nothing() -> None:
    assert analyze_sentiment("") == (Sentiment.UNSPECIFIED, None)
    assert analyze_sentiment("  ") == (Sentiment.UNSPECIFIED, None)
    assert analyze_sentiment("2024 ...").sentiment is NEUTRAL


def test_what_stands_far_behind_in_a_long_text_is_not_read() -> None:
    start = "I love it. ".ljust(MAX_CHARACTERS, "a")
    assert analyze_sentiment(start + " worst awful terrible" * 500) == analyze_sentiment(start)


@given(st.text(max_size=300))
def test_any_text_has_a_sentiment(text: str) -> None:
    sentiment, score = analyze_sentiment(text)
    assert (score is None) == (sentiment in (Sentiment.UNSPECIFIED, Sentiment.UNSUPPORTED))
    assert score is None or -1.0 <= score <= 1.0


@pytest.mark.parametrize("phrase", PHRASES)
def test_every_phrase_has_one_of_the_signs_that_its_pattern_is_sought_by(phrase: str) -> None:
    @settings(max_examples=20, database=None)
    @given(st.from_regex(phrase, fullmatch=True))
    def check(text: str) -> None:
        assert any(sign in text and sign in phrase for sign in SIGNS)

    check()


@pytest.mark.parametrize("phrase", PHRASES)
def test_every_phrase_is_found_among_other_words(phrase: str) -> None:
    @settings(max_examples=20, database=None)
    @given(st.from_regex(phrase, fullmatch=True))
    def check(text: str) -> None:
        assert " phrase" in replace_phrases(f"Oh, {text.upper()}!")

    check()


@pytest.fixture(scope="module")
def original() -> SentimentIntensityAnalyzer:
    """Returns the original VADER, without its names of emoji."""
    vader = SentimentIntensityAnalyzer()
    vader.emojis = {}
    return vader


@pytest.fixture(scope="module")
def ours() -> Vader:
    """Its rules here, without our words."""
    return Vader({})


def test_the_rules_are_vaders(original: SentimentIntensityAnalyzer, ours: Vader) -> None:
    """Without our words, and without its emoji names, every score is the original's."""
    for comment in all_comments()[::3]:
        assert ours.score(comment.text) == original.polarity_scores(comment.text)["compound"], comment.text


def test_its_rare_rules_are_vaders_too(original: SentimentIntensityAnalyzer, ours: Vader) -> None:
    """Words that change others, in any order and in capitals: what no corpus has enough of."""
    changing = [*NEGATE, *BOOSTER_DICT, *" ".join(SPECIAL_CASES).split(), "no", "nor", "or", "so", "this", "doubt"]
    rated = ["good", "GREAT", "bad", "awful", "love", "Hate", "least", "at", "but", "kind", "of", "yeah", ":)", "?!"]
    chance = Random(1)
    for _ in range(5_000):
        words = chance.choices([*changing, *8 * rated], k=chance.randint(1, 9))
        text = " ".join(word.upper() if chance.random() < 0.1 else word for word in words) + chance.choice(
            ["", "!", "??"]
        )
        assert ours.score(text) == original.polarity_scores(text)["compound"], text
