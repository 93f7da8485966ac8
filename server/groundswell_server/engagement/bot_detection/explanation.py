"""Reasons in words."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from groundswell_server.engagement.bot_detection.reasons import Reason

_WORDS: Final[Mapping[Reason, str]] = MappingProxyType(
    {
        Reason.REGISTERED_PERSONA: "the account belongs to an AI persona of this deployment",
        Reason.BURST: "one of {figure:.0f} interactions in a rush of more than the post's own pace explains",
        Reason.REGULAR_GAPS: "the account acts every {figure:.6g} seconds like clockwork",
        Reason.INSTANT_REPLY: "it came {figure:.2f} seconds after publication",
        Reason.FOLLOW_PLEA: "it asks to be followed or subscribed to",
        Reason.AUDIENCE_PLEA: "it begs for a number of followers",
        Reason.SELF_PROMOTION: "it promotes the writer's own channel or work",
        Reason.PROFILE_LINK: "it points to a profile or to a link there",
        Reason.CONTACT_OFFER: "it wants to be messaged elsewhere",
        Reason.GIVEAWAY: "it promises a gift or a prize",
        Reason.EASY_MONEY: "it promises money without work",
        Reason.AUDIENCE_FOR_SALE: "it sells followers, likes or views",
        Reason.ACCOUNT_HACK: "it offers to break into or to recover accounts",
        Reason.ADULT_OFFER: "it offers adult content",
        Reason.LIKE_BAIT: "it fishes for likes or shares",
        Reason.POINTER: "it points to something elsewhere",
        Reason.EXTERNAL_LINK: "it holds {figure:.0f} web address(es)",
        Reason.MEDIA_LINK: "it holds {figure:.0f} address(es) of a media site",
        Reason.PHONE_NUMBER: "it holds a telephone number of {figure:.0f} digits",
        Reason.MANY_DIGITS: "it holds {figure:.0f} digits in a row",
        Reason.EMOJI_REPEAT: "it is one emoji {figure:.0f} times and nothing else",
        Reason.STRETCHED: "it stretches a letter {figure:.0f} times",
        Reason.DUPLICATE_TEXT: "{figure:.0f} accounts wrote the very same",
        Reason.REPEATED_TEXT: "the account wrote the very same {figure:.0f} times",
        Reason.NEAR_DUPLICATE_TEXT: "nearly the same was written {figure:.0f} times",
        Reason.SPAM_DETECTOR: "the trained detector takes the text for spam with a probability of {figure:.0%}",
        Reason.NO_PICTURE: "the account has no picture",
        Reason.FEW_MEDIA: "the account has {figure:.0f} post(s) of its own",
        Reason.FEW_FOLLOWERS: "the account has {figure:.0f} follower(s)",
        Reason.FOLLOWS_UNANSWERED: "the account follows {figure:.3g} for each that follows it",
        Reason.MASS_FOLLOWING: "the account follows {figure:.0f} others",
        Reason.EMPTY_BIO: "the account has no description",
        Reason.DIGITS_IN_NAME: "{figure:.0%} of the account's name is digits",
        Reason.NEW_ACCOUNT: "the account is {figure:.0f} day(s) old",
        Reason.BOT_DETECTOR: "the trained detector takes the account for a bot's with a probability of {figure:.0%}",
        Reason.CO_INTERACTION: "one of a group of accounts that came to {figure:.0f} posts together",
    }
)


def explain(reason: Reason, figure: float | None) -> str:
    """One clause that says why, with the figure where the reason has one."""
    return _WORDS[reason].format(figure=figure) if figure is not None else _WORDS[reason]
