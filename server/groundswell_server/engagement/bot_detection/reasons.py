"""Names of the layers and of the reasons for a verdict. They are stored and shown: add to them, never rename one."""

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
    """What was seen. The comment of each says what its figure is."""

    REGISTERED_PERSONA = "REGISTERED_PERSONA"
    """The actor's handle is in the register of AI personas. No figure."""

    BURST = "BURST"
    """Part of more interactions within a second than the post's own pace explains. Figure: interactions in it."""
    REGULAR_GAPS = "REGULAR_GAPS"
    """The actor acts at machine-regular gaps. Figure: the gap, seconds."""
    INSTANT_REPLY = "INSTANT_REPLY"
    """It came within 2 seconds of publication. Figure: seconds."""

    FOLLOW_PLEA = "FOLLOW_PLEA"
    """Asks to be followed or subscribed to, or to exchange follows."""
    AUDIENCE_PLEA = "AUDIENCE_PLEA"
    """Begs for a number of followers."""
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
    """Offers pornography or paid co_occurrence."""
    LIKE_BAIT = "LIKE_BAIT"
    """Fishes for likes and shares. People do it too."""
    POINTER = "POINTER"
    """Points elsewhere, to something that may be somebody else's."""
    EXTERNAL_LINK = "EXTERNAL_LINK"
    """Holds an address on the web. Figure: how many."""
    MEDIA_LINK = "MEDIA_LINK"
    """Holds an address of a site where people quote from, such as YouTube or Giphy. Figure: how many."""
    PHONE_NUMBER = "PHONE_NUMBER"
    """Holds a telephone number of ten or more digits. Figure: digits."""
    MANY_DIGITS = "MANY_DIGITS"
    """Holds ten or more digits in a row that do not look like a telephone number. Figure: digits."""
    EMOJI_REPEAT = "EMOJI_REPEAT"
    """Nothing but the same emoji, three times or more. Figure: times."""
    STRETCHED = "STRETCHED"
    """A letter four times or more in a row. Figure: the longest run."""
    DUPLICATE_TEXT = "DUPLICATE_TEXT"
    """Several actors wrote the very same. Figure: actors."""
    REPEATED_TEXT = "REPEATED_TEXT"
    """One actor wrote the very same under several posts or again and again. Figure: times."""
    NEAR_DUPLICATE_TEXT = "NEAR_DUPLICATE_TEXT"
    """Several actors, or one under several posts, wrote nearly the same. Figure: texts alike."""

    SPAM_DETECTOR = "SPAM_DETECTOR"
    """The workspace's trained model takes the text for spam. Figure: its probability, 0 to 1."""

    NO_PICTURE = "NO_PICTURE"
    """The account has no picture of its own. No figure."""
    FEW_MEDIA = "FEW_MEDIA"
    """The account has published little. Figure: posts."""
    FEW_FOLLOWERS = "FEW_FOLLOWERS"
    """Few follow the account. Figure: followers."""
    FOLLOWS_UNANSWERED = "FOLLOWS_UNANSWERED"
    """The account follows many more than follow it. Figure: followed accounts for each follower."""
    MASS_FOLLOWING = "MASS_FOLLOWING"
    """The account follows more than a person can read. Figure: followed accounts."""
    EMPTY_BIO = "EMPTY_BIO"
    """The account says nothing of itself. Figure: characters of its description."""
    DIGITS_IN_NAME = "DIGITS_IN_NAME"
    """Much of the account's name is digits. Figure: share of them, 0 to 1."""
    NEW_ACCOUNT = "NEW_ACCOUNT"
    """The account was opened lately. Figure: days ago."""
    BOT_DETECTOR = "BOT_DETECTOR"
    """The workspace's trained model takes the account for a bot's. Figure: its probability, 0 to 1."""

    CO_INTERACTION = "CO_INTERACTION"
    """The account belongs to a group that comes to the persona's posts together. Figure: posts together."""


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
"""The layer that sees a reason: the text, unless another is named."""
