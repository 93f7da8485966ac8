"""The layers and the reasons for a verdict. The names are stored: add new ones, never rename one."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Layer(StrEnum):
    """A source of signals, in the order of the specification."""

    PERSONA = "persona"
    TIME = "time"
    TEXT = "text"
    PROFILE = "profile"
    GRAPH = "graph"


class Reason(StrEnum):
    """The reasons for a verdict. The comment of each describes its figure."""

    REGISTERED_PERSONA = "REGISTERED_PERSONA"
    """The actor's handle is in the register of AI personas. No figure."""

    BURST = "BURST"
    """Part of more interactions within a second than the usual pace of the post explains. Figure: interactions in
    it."""
    REGULAR_GAPS = "REGULAR_GAPS"
    """The actor acts at regular intervals. Figure: the interval, seconds."""
    INSTANT_REPLY = "INSTANT_REPLY"
    """The interaction came within 2 seconds of publication. Figure: seconds."""

    FOLLOW_PLEA = "FOLLOW_PLEA"
    """Asks to be followed or subscribed to, or to exchange follows."""
    AUDIENCE_PLEA = "AUDIENCE_PLEA"
    """Asks for a number of followers."""
    SELF_PROMOTION = "SELF_PROMOTION"
    """Points to the actor's own work or place ("check out my channel")."""
    PROFILE_LINK = "PROFILE_LINK"
    """Points to the profile or its link ("link in bio", "check my profile")."""
    CONTACT_OFFER = "CONTACT_OFFER"
    """Wants to be messaged on another service."""
    GIVEAWAY = "GIVEAWAY"
    """Promises something for nothing."""
    EASY_MONEY = "EASY_MONEY"
    """Promises money without work."""
    AUDIENCE_FOR_SALE = "AUDIENCE_FOR_SALE"
    """Sells followers, likes or views."""
    ACCOUNT_HACK = "ACCOUNT_HACK"
    """Offers to break into or to recover accounts."""
    ADULT_OFFER = "ADULT_OFFER"
    """Offers pornography or paid company."""
    LIKE_BAIT = "LIKE_BAIT"
    """Asks for likes and shares, as people sometimes do."""
    POINTER = "POINTER"
    """Points to other content, which may belong to another person."""
    EXTERNAL_LINK = "EXTERNAL_LINK"
    """Contains a web address. Figure: number of addresses."""
    MEDIA_LINK = "MEDIA_LINK"
    """Contains an address of a site that people quote from, such as YouTube or Giphy. Figure: number of addresses."""
    PHONE_NUMBER = "PHONE_NUMBER"
    """Contains a telephone number of ten or more digits. Figure: digits."""
    MANY_DIGITS = "MANY_DIGITS"
    """Contains ten or more digits in a row that do not look like a telephone number. Figure: digits."""
    EMOJI_REPEAT = "EMOJI_REPEAT"
    """Consists of the same emoji, three times or more. Figure: times."""
    STRETCHED = "STRETCHED"
    """Repeats a letter four times or more in a row. Figure: the longest run."""
    DUPLICATE_TEXT = "DUPLICATE_TEXT"
    """Several actors wrote exactly the same text. Figure: actors."""
    REPEATED_TEXT = "REPEATED_TEXT"
    """One actor wrote exactly the same text under several posts or repeatedly. Figure: times."""
    NEAR_DUPLICATE_TEXT = "NEAR_DUPLICATE_TEXT"
    """Several actors, or one under several posts, wrote nearly the same text. Figure: similar texts."""

    SPAM_DETECTOR = "SPAM_DETECTOR"
    """The workspace's trained model classifies the text as spam. Figure: its probability, 0 to 1."""

    NO_PICTURE = "NO_PICTURE"
    """The account has no picture of its own. No figure."""
    FEW_MEDIA = "FEW_MEDIA"
    """The account has published little. Figure: posts."""
    FEW_FOLLOWERS = "FEW_FOLLOWERS"
    """The account has few followers. Figure: followers."""
    FOLLOWS_UNANSWERED = "FOLLOWS_UNANSWERED"
    """The account follows many more accounts than follow it. Figure: followed accounts for each follower."""
    MASS_FOLLOWING = "MASS_FOLLOWING"
    """The account follows more accounts than a person can read. Figure: followed accounts."""
    EMPTY_BIO = "EMPTY_BIO"
    """The account has no description. Figure: characters of the description."""
    DIGITS_IN_NAME = "DIGITS_IN_NAME"
    """A large share of the account's name is digits. Figure: the share, 0 to 1."""
    NEW_ACCOUNT = "NEW_ACCOUNT"
    """The account was opened recently. Figure: its age in days."""
    BOT_DETECTOR = "BOT_DETECTOR"
    """The workspace's trained model classifies the account as a bot. Figure: its probability, 0 to 1."""

    CO_INTERACTION = "CO_INTERACTION"
    """The account belongs to a group that visits the persona's posts together. Figure: posts visited together."""


_OTHERS: Final = {
    Layer.PERSONA: {Reason.REGISTERED_PERSONA},
    Layer.TIME: {Reason.BURST, Reason.REGULAR_GAPS, Reason.INSTANT_REPLY},
    Layer.PROFILE: {
        Reason.NO_PICTURE,
        Reason.FEW_MEDIA,
        Reason.FEW_FOLLOWERS,
        Reason.FOLLOWS_UNANSWERED,
        Reason.MASS_FOLLOWING,
        Reason.EMPTY_BIO,
        Reason.DIGITS_IN_NAME,
        Reason.NEW_ACCOUNT,
        Reason.BOT_DETECTOR,
    },
    Layer.GRAPH: {Reason.CO_INTERACTION},
}
LAYER_OF: Final[Mapping[str, Layer]] = MappingProxyType(
    dict.fromkeys(map(str, Reason), Layer.TEXT)
    | {str(reason): layer for layer, reasons in _OTHERS.items() for reason in reasons}
)
"""The layer that finds a reason: the text layer, unless another is named."""

_WORDS: Final[Mapping[Reason, str]] = MappingProxyType(
    {
        Reason.REGISTERED_PERSONA: "the account belongs to an AI persona of this deployment",
        Reason.BURST: "one of {figure:.0f} interactions in a burst that the usual pace of the post does not explain",
        Reason.REGULAR_GAPS: "the account acts at regular intervals of {figure:.6g} seconds",
        Reason.INSTANT_REPLY: "it came {figure:.2f} seconds after publication",
        Reason.FOLLOW_PLEA: "it asks to be followed or subscribed to",
        Reason.AUDIENCE_PLEA: "it asks for a number of followers",
        Reason.SELF_PROMOTION: "it promotes the writer's own channel or work",
        Reason.PROFILE_LINK: "it points to a profile or to a link there",
        Reason.CONTACT_OFFER: "it asks for messages on another service",
        Reason.GIVEAWAY: "it promises a gift or a prize",
        Reason.EASY_MONEY: "it promises money without work",
        Reason.AUDIENCE_FOR_SALE: "it sells followers, likes or views",
        Reason.ACCOUNT_HACK: "it offers to break into or to recover accounts",
        Reason.ADULT_OFFER: "it offers adult content",
        Reason.LIKE_BAIT: "it asks for likes or shares",
        Reason.POINTER: "it points to something elsewhere",
        Reason.EXTERNAL_LINK: "it contains {figure:.0f} web address(es)",
        Reason.MEDIA_LINK: "it contains {figure:.0f} address(es) of a media site",
        Reason.PHONE_NUMBER: "it contains a telephone number of {figure:.0f} digits",
        Reason.MANY_DIGITS: "it contains {figure:.0f} digits in a row",
        Reason.EMOJI_REPEAT: "it is one emoji {figure:.0f} times and nothing else",
        Reason.STRETCHED: "it stretches a letter {figure:.0f} times",
        Reason.DUPLICATE_TEXT: "{figure:.0f} accounts wrote exactly the same text",
        Reason.REPEATED_TEXT: "the account wrote exactly the same text {figure:.0f} times",
        Reason.NEAR_DUPLICATE_TEXT: "nearly the same text was written {figure:.0f} times",
        Reason.SPAM_DETECTOR: "the trained detector classifies the text as spam with a probability of {figure:.0%}",
        Reason.NO_PICTURE: "the account has no picture",
        Reason.FEW_MEDIA: "the account has {figure:.0f} post(s) of its own",
        Reason.FEW_FOLLOWERS: "the account has {figure:.0f} follower(s)",
        Reason.FOLLOWS_UNANSWERED: "the account follows {figure:.3g} accounts for each follower",
        Reason.MASS_FOLLOWING: "the account follows {figure:.0f} others",
        Reason.EMPTY_BIO: "the account has no description",
        Reason.DIGITS_IN_NAME: "{figure:.0%} of the account's name is digits",
        Reason.NEW_ACCOUNT: "the account is {figure:.0f} day(s) old",
        Reason.BOT_DETECTOR: "the trained detector classifies the account as a bot with a probability of {figure:.0%}",
        Reason.CO_INTERACTION: "one of a group of accounts that visited {figure:.0f} posts together",
    }
)


def explain(reason: Reason, figure: float | None) -> str:
    """Returns the reason as a clause, with its figure where it has one."""
    return _WORDS[reason].format(figure=figure) if figure is not None else _WORDS[reason]
