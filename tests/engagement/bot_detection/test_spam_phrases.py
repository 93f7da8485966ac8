from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell_server.engagement.bot_detection.interaction_batch import Interaction
from groundswell_server.engagement.bot_detection.phrase_scanner import scan
from groundswell_server.engagement.bot_detection.reasons import Reason
from groundswell_server.engagement.bot_detection.spam_phrases import PHRASES, Phrase
from groundswell_server.engagement.bot_detection.text_normalization import plain_texts
from groundswell_server.engagement.bot_detection.trigger_search import TRIGGER_BYTES, ConcatenatedTexts
from groundswell_storage.engagement.enums import Verdict
from tests.engagement.bot_detection.interactions import comment, judged, reasons_of
from tests.engagement.defaults import FILTER
from tests.video_comments import VIDEOS, comments_on

SPAM = {
    "check my profile": Reason.SELF_PROMOTION,
    "Click my link!!": Reason.PROFILE_LINK,
    "LINK IN BIO 💋": Reason.PROFILE_LINK,
    "hey guys, please subscribe to my channel": Reason.FOLLOW_PLEA,
    "sub4sub anyone?": Reason.FOLLOW_PLEA,
    "Follow me on insta @anna": Reason.FOLLOW_PLEA,
    "help me get 1,000 subscribers": Reason.AUDIENCE_PLEA,
    "Check out this video on YouTube:": Reason.SELF_PROMOTION,
    "come visit my page ❤": Reason.SELF_PROMOTION,
    "Get FREE iPhones here": Reason.GIVEAWAY,
    "Giveaway! Click the link to enter": Reason.GIVEAWAY,
    "You have been selected as a winner, claim your prize": Reason.GIVEAWAY,
    "I earn $300 a day, ask me how": Reason.EASY_MONEY,
    "make money online fast": Reason.EASY_MONEY,
    "Buy cheap instagram followers": Reason.AUDIENCE_FOR_SALE,
    "facebook password hack 2013": Reason.ACCOUNT_HACK,
    "promo? DM @beautypage": Reason.CONTACT_OFFER,
    "my naked pics 😘": Reason.ADULT_OFFER,
    "great stuff http://best-deals.example/win": Reason.EXTERNAL_LINK,
    "visit mygame.com": Reason.EXTERNAL_LINK,
    "lovely girl talk to me +447935454150": Reason.PHONE_NUMBER,
    "call 5551234567": Reason.PHONE_NUMBER,
    "want free followers? ask me": Reason.GIVEAWAY,
}

GENUINE = """
so pretty
Love this!
😍😍😍
🔥🔥🔥
❤❤❤❤❤❤❤
sooooooo gooooood
LOOOOVE it
best song ever!!!!!!!!!!!!!!
😂😂😂 this is so me
this is my new favorite song
my new song to cry to sooooo good 😭😭😭
I listen to my music loud and this one is perfect for it
can you DM me the price please?
how do I subscribe?
I had to like and subscribe
just subscribed, keep it up
Congrats on 100k followers!
only 1,000 subscribers? you deserve more
please come to my city ❤
let me check my phone first
that made me check my bank account twice 😂
the link in bio does not work
is there a link in bio?
when I click the link below it says 404
subs in Spanish please
can you add English subs?
please sub this in Portuguese
I work from home and wear this every day
Netflix is 15 dollars a month now
my account was hacked
please follow me back I love you
thanks for the chance to win!
love this giveaway
I'm a rapper myself and this inspires me
2,127,315,950 views wow
2.126.521.750 views!!!
i am 2126492636 viewer
I was born in 2010, my sister in 2012 and my brother in 2014
thumbs up if you are watching in 2015
@anna check this video
PSY - GANGNAM STYLE M/V: http://youtu.be/9bZkp7q19f0
<a href="http://www.youtube.com/watch?v=KQ6zr6kCPj8&amp;t=2m19s">2:19</a> best part
Sounds like my music teacher
who else came from tiktok
you won the internet today
I watch my favorite videos here
Where did you buy this dress?
what camera do you use?
my order 4512345678 has not arrived yet
let's get 100k subs for her!
that is like free money
please follow me at least once in your life
I miss my mom, this made me cry
Happy birthday!!! 🎂🎂🎂
""".strip().splitlines()


@pytest.mark.parametrize(("text", "reason"), SPAM.items())
def test_solicitations_are_found_with_their_reason(text: str, reason: Reason) -> None:
    [judgment] = judged([comment(text)])

    assert judgment.verdict is Verdict.BOT
    assert reason in reasons_of(judgment)


@pytest.mark.parametrize("text", GENUINE)
def test_genuine_comments_are_left_alone(text: str) -> None:
    [judgment] = judged([comment(text)])

    assert judgment.verdict is Verdict.GENUINE, judgment.reasons


@pytest.mark.parametrize(
    "text",
    [
        "ＣＨＥＣＫ ＯＵＴ ＭＹ ＣＨＡＮＮＥＬ",
        "check\u200b out my chan\ufeffnel",
        "Check&nbsp;out my <b>channel</b>",
        "CHECK   OUT\nMY CHANNEL",
    ],
)
def test_decoration_hides_nothing(text: str) -> None:
    [judgment] = judged([comment(text)])

    assert judgment.verdict is Verdict.BOT


def test_two_middling_phrases_of_different_kinds_decide() -> None:
    one, other, both = judged(
        [comment("check it out"), comment("please like"), comment("check it out and please like")]
    )

    assert [one.verdict, other.verdict, both.verdict] == [Verdict.GENUINE, Verdict.GENUINE, Verdict.BOT]


@pytest.mark.parametrize("video", VIDEOS)
def test_the_untrained_phrases_are_precise_on_real_comments(video: str) -> None:
    rows = list(_rows(video))
    judgments = judged([row for row, _ in rows], replace(FILTER, near_duplicates=False))
    bots = [is_spam for (_, is_spam), judgment in zip(rows, judgments, strict=True) if judgment.verdict is Verdict.BOT]

    assert sum(bots) / len(bots) >= 0.95
    assert sum(bots) / sum(is_spam for _, is_spam in rows) >= 0.7


@pytest.mark.parametrize("share", [0.1, 0.3])
def test_probabilities_mean_what_they_say(share: float) -> None:
    """Expected calibration error on real comments, weighted to a share of spam that the prior knows."""
    rows = [row for video in VIDEOS for row in _rows(video)]
    spam = sum(is_spam for _, is_spam in rows)
    weights = {True: share / spam, False: (1 - share) / (len(rows) - spam)}
    judgments = judged([row for row, _ in rows], replace(FILTER, prior_bot_share=share, near_duplicates=False))
    gaps = [0.0] * 10
    for (_, is_spam), judgment in zip(rows, judgments, strict=True):
        gaps[min(9, int(judgment.probability * 10))] += weights[is_spam] * (judgment.probability - is_spam)

    assert sum(map(abs, gaps)) < 0.05


def _rows(video: str) -> Iterator[tuple[Interaction, bool]]:
    for number, one in enumerate(comments_on(video)):
        yield comment(one.text, f"{video}{number}", None, video), one.is_spam


@pytest.mark.parametrize("phrase", PHRASES, ids=lambda phrase: f"{phrase.reason}-{phrase.log_odds}")
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_every_match_of_a_phrase_holds_a_trigger(phrase: Phrase, data: st.DataObject) -> None:
    pattern = data.draw(st.sampled_from(phrase.patterns))
    alphabet = st.characters(codec="ascii", exclude_categories=["Cc"])
    drawn = data.draw(st.from_regex(pattern, fullmatch=True, alphabet=alphabet))
    text = ConcatenatedTexts(plain_texts([drawn])).text(0)
    if not re.compile(pattern).search(text):
        return

    begins = [re.escape(trigger[:TRIGGER_BYTES]) for trigger in phrase.trigger_words()]

    assert re.search(rf"\b(?:{'|'.join(begins)})", text + " ")


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(st.text(), st.sampled_from([*SPAM, *GENUINE])), max_size=8))
def test_texts_scanned_together_are_found_as_each_by_itself(texts: list[str]) -> None:
    together = scan(ConcatenatedTexts(plain_texts(texts)))
    alone = {
        number: found[0] for number, text in enumerate(texts) if (found := scan(ConcatenatedTexts(plain_texts([text]))))
    }

    assert {number: [signal.reason for signal in signals] for number, signals in together.items()} == {
        number: [signal.reason for signal in signals] for number, signals in alone.items()
    }
