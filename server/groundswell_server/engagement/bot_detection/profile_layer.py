"""Layer 4, profile: scores an account by a sum of weights over the known facts of its profile.

Each weight is the natural logarithm of a likelihood ratio: how many times likelier a bot's account has the property
than a person's. The weights are shrunk towards 0, because empty accounts are empty in all respects at once. They are
judgment, not fitted to labelled accounts. The signals are those that the literature agrees on: S. Cresci et al., "Fame
for sale: efficient detection of fake Twitter followers", Decision Support Systems 80, 2015 (followers against friends,
empty description, default picture, few posts, age); S. Gurajala et al., "Profile characteristics of fake Twitter
accounts", Big Data & Society 3, 2016 (a median of 30 friends for each follower, against 1 for people); F. C. Akyon, E.
Kalfaoglu, "Instagram fake and automated account detection", 2019 (digits in the name, picture, length of the biography,
media count, private). A BOT_DETECTOR that is trained on the workspace's labelled accounts is better.

No weight reaches `score_combination.DECISIVE`, so no property of a profile decides alone.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Final, NamedTuple

import numpy as np

from groundswell_server.engagement.bot_detection.account_profiles import Profile, with_digits
from groundswell_server.engagement.bot_detection.filter_settings import FilterSettings
from groundswell_server.engagement.bot_detection.interaction_batch import InteractionBatch
from groundswell_server.engagement.bot_detection.layer_findings import LayerFindings, Signals, model_log_odds
from groundswell_server.engagement.bot_detection.reasons import Layer, Reason

Steps = tuple[tuple[float, ...], tuple[float, ...]]
"""Ascending bounds, and one weight more than bounds: the first weight is that of figures below the first bound."""

FOLLOWERS: Final[Steps] = ((10, 30, 100, 300, 1000), (1.3, 0.9, 0.5, 0.0, -0.7, -1.3))
FOLLOWERS_FOR_FOLLOWED: Final[Steps] = ((0.02, 0.05, 0.1, 0.25, 0.5, 1.0), (2.4, 2.2, 1.8, 1.0, 0.4, -0.2, -0.5))
MIN_FOLLOWED: Final = 50
"""With fewer followed accounts the ratio is no evidence: the account is new or unused."""
MASS_FOLLOWING: Final = 1000
MASS_FOLLOWING_LOG_ODDS: Final = 0.9
"""Weight of an account that follows at least this number of accounts and has less than half as many followers."""
MEDIA: Final[Steps] = ((1, 4, 10, 30), (1.5, 0.8, 0.3, -0.3, -1.0))
BIO: Final[Steps] = ((1, 30), (0.6, -0.6, -0.9))
DIGITS: Final[Steps] = ((0.001, 0.15, 0.3), (-0.4, 0.0, 0.8, 1.6))
AGE_DAYS: Final[Steps] = ((7, 30, 90, 365, 1095), (1.4, 0.9, 0.4, 0.0, -0.5, -0.9))
NO_PICTURE_LOG_ODDS: Final = 2.3
PICTURE_LOG_ODDS: Final = -0.5
LINK_LOG_ODDS: Final = -0.4
PRIVATE_LOG_ODDS: Final = -0.2
VERIFIED_LOG_ODDS: Final = -3.0

TOGETHER: Final = 0.85
"""Factor of each weight, because the signals of one account are correlated."""
LEAST: Final = -3.0
"""Lower bound of the log-odds of a profile, because genuine accounts are taken over and sold."""


class ProfileSignal(NamedTuple):
    """One fact that counts against an account."""

    reason: Reason
    log_odds: float
    figure: float
    """NaN where the reason has none."""


class ProfileScore(NamedTuple):
    """The facts that count against an account, and the weight of those that count for it."""

    signals: tuple[ProfileSignal, ...]
    genuine_log_odds: float
    """Log-odds, at most 0, of all facts that count for a person."""

    @property
    def log_odds(self) -> float:
        """The sum of all log-odds."""
        return sum(signal.log_odds for signal in self.signals) + self.genuine_log_odds


def profile_findings(batch: InteractionBatch, settings: FilterSettings) -> LayerFindings:
    """Returns the findings on every known profile; its weights are added, including those for a person.

    Handles are always known, so their digits count only beside another known fact of the account.
    """
    has_evidence = np.zeros(len(batch), np.bool_)
    genuine_log_odds = np.zeros(len(batch))
    by_reason: dict[Reason, list[tuple[int, float, float]]] = {}
    scored: dict[tuple[Profile, str], ProfileScore] = {}
    for row, profile in batch.profiles.items():
        has_evidence[row] = True
        account = profile, batch.actors[row]
        if (score := scored.get(account)) is None:
            score = scored[account] = score_profile(with_digits(*account), settings.prior_log_odds)
        genuine_log_odds[row] = score.genuine_log_odds
        for signal in score.signals:
            by_reason.setdefault(signal.reason, []).append((row, signal.log_odds, signal.figure))
    signals = tuple(Signals.collect(reason, found) for reason, found in by_reason.items())
    return LayerFindings(Layer.PROFILE, has_evidence, signals, genuine_log_odds=genuine_log_odds)


def score_profile(profile: Profile, prior_log_odds: float = 0.0) -> ProfileScore:
    """Returns the score of the known facts; the probability of a trained detector replaces the weights.

    `prior_log_odds` is passed to `model_log_odds`.
    """
    if profile.bot_probability is not None:
        return _detected(profile.bot_probability, prior_log_odds)
    weighed = [
        ProfileSignal(reason, _weight(steps, figure), figure)
        for reason, steps, figure in (
            (Reason.NEW_ACCOUNT, AGE_DAYS, profile.age_days),
            (Reason.FEW_FOLLOWERS, FOLLOWERS, profile.followers),
            (Reason.FEW_MEDIA, MEDIA, profile.media),
            (Reason.EMPTY_BIO, BIO, profile.bio_length),
            (Reason.DIGITS_IN_NAME, DIGITS, profile.handle_digit_share),
        )
        if figure is not None
    ]
    weighed += _following(profile)
    weighed += [
        ProfileSignal(Reason.NO_PICTURE, weight, float("nan"))
        for known, weight in (
            (profile.has_picture is False, NO_PICTURE_LOG_ODDS),
            (profile.has_picture is True, PICTURE_LOG_ODDS),
            (profile.has_link is True, LINK_LOG_ODDS),
            (profile.is_private is True, PRIVATE_LOG_ODDS),
            (profile.is_verified is True, VERIFIED_LOG_ODDS),
        )
        if known
    ]
    weighed = [signal._replace(log_odds=TOGETHER * signal.log_odds) for signal in weighed]
    against = tuple(signal for signal in weighed if signal.log_odds > 0)
    genuine_log_odds = sum(signal.log_odds for signal in weighed if signal.log_odds < 0)
    return ProfileScore(against, max(LEAST, genuine_log_odds))


def _detected(probability: float, prior_log_odds: float) -> ProfileScore:
    log_odds = model_log_odds(probability, prior_log_odds)
    if log_odds <= 0:
        return ProfileScore((), max(LEAST, log_odds))
    return ProfileScore((ProfileSignal(Reason.BOT_DETECTOR, log_odds, probability),), 0.0)


def _following(profile: Profile) -> list[ProfileSignal]:
    """Returns the signals of the ratio of followed accounts to followers."""
    followers, following = profile.followers, profile.following
    if followers is None or following is None or following < MIN_FOLLOWED:
        return []
    found = [
        ProfileSignal(
            Reason.FOLLOWS_UNANSWERED,
            _weight(FOLLOWERS_FOR_FOLLOWED, followers / following),
            following / max(1, followers),
        )
    ]
    if following >= MASS_FOLLOWING and 2 * followers < following:
        found.append(ProfileSignal(Reason.MASS_FOLLOWING, MASS_FOLLOWING_LOG_ODDS, float(following)))
    return found


def _weight(steps: Steps, figure: float) -> float:
    bounds, weights = steps
    return weights[bisect_right(bounds, figure)]
