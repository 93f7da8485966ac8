"""Accounts of people and of bots, drawn at random from written-down distributions: they stand in for labelled ones.

They show that the score does what it is made for and nothing more: how it does on real accounts has to be measured on
real accounts. Medians and shares follow what is published of them: people have about as many followers as they follow
and bots a median of 30 times fewer, bots' names often end in digits, half of them have not posted and most say nothing
of themselves (sources in `profile_score`). Within an account what is empty goes together: how much an account is used
moves all of its figures.
"""

from __future__ import annotations

import math
import random

from groundswell_server.engagement.bot_detection.account_profiles import Profile


def person(chance: random.Random) -> Profile:
    """An account of a person; one in twelve hardly uses it."""
    use = chance.gauss(0, 1) - (2.5 if chance.random() < 1 / 12 else 0)
    return Profile(
        age_days=_lognormal(chance, 1400, 0.9),
        followers=int(_lognormal(chance, 350 * math.exp(0.6 * use), 0.9)),
        following=int(_lognormal(chance, 380 * math.exp(0.3 * use), 0.7)),
        media=int(_lognormal(chance, 40 * math.exp(0.9 * use), 1.1)),
        has_picture=chance.random() < (0.98 if use > -2 else 0.85),
        bio_length=int(_lognormal(chance, 45, 0.7)) if chance.random() < (0.75 if use > -1 else 0.4) else 0,
        has_link=chance.random() < 0.15,
        is_private=chance.random() < 0.4,
        handle_digit_share=chance.choice((0.15, 0.2, 0.25, 0.35)) if chance.random() < 0.25 else 0.0,
    )


def bot(chance: random.Random) -> Profile:
    """An account of a bot; one in six is dressed up as a person's."""
    dressed = chance.random() < 1 / 6
    followed_back = _lognormal(chance, 0.4 if dressed else 0.05, 0.9)
    following = int(_lognormal(chance, 700, 0.9))
    return Profile(
        age_days=_lognormal(chance, 400 if dressed else 120, 1.1),
        followers=int(following * min(1.5, followed_back)),
        following=following,
        media=int(_lognormal(chance, 12, 0.8)) if dressed else chance.choice((0, 0, 0, 1, 2, 5, 9)),
        has_picture=dressed or chance.random() < 0.6,
        bio_length=int(_lognormal(chance, 30, 0.7)) if dressed or chance.random() < 0.25 else 0,
        has_link=chance.random() < 0.05,
        is_private=chance.random() < 0.2,
        handle_digit_share=chance.choice((0.2, 0.3, 0.4, 0.5)) if chance.random() < 0.55 else 0.0,
    )


def forget(chance: random.Random, profile: Profile, share: float) -> Profile:
    """The same account, of which this share of the figures is unknown."""
    return Profile(*(None if chance.random() < share else figure for figure in profile))


def _lognormal(chance: random.Random, median: float, sigma: float) -> float:
    return median * math.exp(chance.gauss(0, sigma))
