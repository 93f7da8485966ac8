from __future__ import annotations

import math
import random
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell_server.engagement.bot_detection import profile_layer
from groundswell_server.engagement.bot_detection.account_profiles import UNKNOWN, Profile
from groundswell_server.engagement.bot_detection.profile_layer import LEAST, score_profile
from groundswell_server.engagement.bot_detection.reasons import Layer, Reason
from groundswell_server.engagement.bot_detection.score_combination import DECISIVE, Judgment
from groundswell_storage.engagement.enums import Verdict
from tests.engagement.bot_detection.interactions import comment, judged, like, reasons_of
from tests.engagement.bot_detection.simulated_accounts import bot, forget, person

BOUGHT = Profile(followers=12, following=1900, media=0, has_picture=False, bio_length=0)
ESTABLISHED = Profile(
    age_days=2400, followers=840, following=510, media=212, has_picture=True, bio_length=64, has_link=True
)


def of_account(profile: Profile, handle: str = "anna", text: str = "") -> Judgment:
    interaction = comment(text, handle) if text else like(handle)
    [judgment] = judged([replace(interaction, profile=profile)])
    return judgment


def test_what_is_unknown_counts_for_nothing() -> None:
    judgment = of_account(UNKNOWN, "user48213377")

    assert score_profile(UNKNOWN) == ((), 0)
    assert judgment.probability == pytest.approx(0.1)
    assert Layer.PROFILE not in judgment.layers


def test_a_bought_account_is_a_bot_and_the_answer_has_its_reasons() -> None:
    judgment = of_account(BOUGHT)

    assert judgment.verdict is Verdict.BOT
    assert Layer.PROFILE in judgment.layers
    assert reasons_of(judgment) == {
        Reason.NO_PICTURE,
        Reason.FEW_MEDIA,
        Reason.FEW_FOLLOWERS,
        Reason.FOLLOWS_UNANSWERED,
        Reason.MASS_FOLLOWING,
        Reason.EMPTY_BIO,
    }
    assert "the account follows 158 accounts for each follower" in {signal.detail for signal in judgment.reasons}


def test_the_weights_add_up_to_the_probability() -> None:
    """No picture 2.3, no posts 1.5, 12 followers 0.9, one for 158 followed 2.4, 1,900 followed 0.9, no bio 0.6, and no
    digit in the name -0.4; 85% of that, and a prior of one in ten."""
    log_odds = 0.85 * (2.3 + 1.5 + 0.9 + 2.4 + 0.9 + 0.6 - 0.4) - math.log(9)

    assert of_account(BOUGHT).probability == pytest.approx(1 / (1 + math.exp(-log_odds)))


def test_an_established_account_speaks_for_a_person() -> None:
    spam = "check out my channel"

    assert of_account(ESTABLISHED).probability < 0.01
    assert of_account(ESTABLISHED, text=spam).probability < of_account(UNKNOWN, text=spam).probability
    assert score_profile(ESTABLISHED).genuine_log_odds == LEAST


@pytest.mark.parametrize(
    "known",
    [
        Profile(has_picture=False),
        Profile(followers=0),
        Profile(media=0),
        Profile(bio_length=0),
        Profile(age_days=0.0),
        Profile(handle_digit_share=1.0),
        Profile(is_private=True),
    ],
)
def test_one_thing_known_of_an_account_never_decides(known: Profile) -> None:
    assert of_account(known).verdict is Verdict.GENUINE


def test_no_weight_decides_alone() -> None:
    steps = (profile_layer.FOLLOWERS, profile_layer.FOLLOWERS_FOR_FOLLOWED, profile_layer.MEDIA, profile_layer.BIO)
    weights = [weight for _, weights in (*steps, profile_layer.DIGITS, profile_layer.AGE_DAYS) for weight in weights]

    assert max([*weights, profile_layer.NO_PICTURE_LOG_ODDS, profile_layer.MASS_FOLLOWING_LOG_ODDS]) < DECISIVE


@pytest.mark.parametrize(
    ("less", "more"),
    [
        (Profile(followers=9, following=10), Profile(followers=10, following=10)),
        (Profile(followers=999, following=10), Profile(followers=1000, following=10)),
        (Profile(media=0), Profile(media=1)),
        (Profile(media=29), Profile(media=30)),
        (Profile(bio_length=0), Profile(bio_length=1)),
        (Profile(age_days=6.9), Profile(age_days=7.0)),
        (Profile(handle_digit_share=0.3), Profile(handle_digit_share=0.29)),
        (Profile(has_picture=False), Profile(has_picture=True)),
        (Profile(followers=24, following=100), Profile(followers=25, following=100)),
        (Profile(followers=499, following=1000), Profile(followers=500, following=1000)),
    ],
)
def test_the_bounds_of_the_weights(less: Profile, more: Profile) -> None:
    assert score_profile(less).log_odds > score_profile(more).log_odds


def test_who_follows_few_is_not_measured_by_who_follows_back() -> None:
    few, enough = (score_profile(Profile(followers=1, following=following)) for following in (49, 50))

    assert Reason.FOLLOWS_UNANSWERED not in {signal.reason for signal in few.signals}
    assert Reason.FOLLOWS_UNANSWERED in {signal.reason for signal in enough.signals}


def test_the_digits_of_the_handle_count_where_something_else_is_known() -> None:
    known = Profile(media=3)

    assert Reason.DIGITS_IN_NAME in reasons_of(of_account(known, "@anna48213"))
    assert Reason.DIGITS_IN_NAME not in reasons_of(of_account(known, "anna"))


def test_a_quiet_new_follower_with_a_picture_is_a_person() -> None:
    account = Profile(
        age_days=50, followers=41, following=120, media=2, has_picture=True, bio_length=0, is_private=True
    )

    assert of_account(account, "lena.marie", "what a view!").verdict is Verdict.GENUINE


@pytest.mark.parametrize("probability", [0.05, 0.3, 0.7, 0.98])
def test_a_trained_detector_replaces_the_weights(probability: float) -> None:
    judgment = of_account(BOUGHT._replace(bot_probability=probability))

    assert judgment.probability == pytest.approx(probability)
    assert (judgment.verdict is Verdict.BOT) == (probability >= 0.5)
    assert reasons_of(judgment) <= {Reason.BOT_DETECTOR}


def test_no_detector_is_believed_to_be_certain() -> None:
    assert of_account(Profile(bot_probability=1.0)).probability == pytest.approx(0.998)
    assert of_account(Profile(bot_probability=0.0)).probability > 0.001


figures = st.one_of(st.none(), st.integers(0, 10_000))


@given(figures, figures, figures, st.one_of(st.none(), st.booleans()))
def test_more_followers_never_make_an_account_worse(
    followers: int | None, following: int | None, media: int | None, picture: bool | None
) -> None:
    if followers is None:
        return
    account = Profile(followers=followers, following=following, media=media, has_picture=picture)

    more = account._replace(followers=followers + 1)

    assert score_profile(more).log_odds <= score_profile(account).log_odds + 1e-12


def share_taken_for_bots(accounts: Iterable[Profile]) -> float:
    found = judged([replace(like(f"account{at}", None), profile=profile) for at, profile in enumerate(accounts)])
    return sum(judgment.verdict is Verdict.BOT for judgment in found) / len(found)


@pytest.mark.parametrize(("bots", "people"), [(2000, 2000), (600, 3000)])
def test_simulated_fake_accounts_are_found_and_people_are_not_accused(bots: int, people: int) -> None:
    chance = random.Random(11)
    recall = share_taken_for_bots(bot(chance) for _ in range(bots))
    accused = share_taken_for_bots(person(chance) for _ in range(people))

    assert 2 * recall * bots / (recall * bots + accused * people + bots) >= 0.80  # F1
    assert accused <= 0.05


def test_what_is_known_of_fewer_figures_accuses_few_people_too() -> None:
    chance = random.Random(5)

    assert share_taken_for_bots(forget(chance, person(chance), 0.5) for _ in range(2000)) <= 0.05
