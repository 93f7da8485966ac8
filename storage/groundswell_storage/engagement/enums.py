"""The enumerations of Engagement. Names and numbers are those of the contract, without its prefixes.

Zero always means "not given". Columns hold the numbers; the domain works with the members, and only messages.py
converts them to and from protobuf, by number.
"""

from __future__ import annotations

from enum import IntEnum


class Platform(IntEnum):
    """The platform of a post."""

    UNSPECIFIED = 0
    INSTAGRAM = 1
    FACEBOOK = 2
    TWITTER = 3
    TIKTOK = 4
    OTHER = 5


class MediaType(IntEnum):
    """The form of a post."""

    UNSPECIFIED = 0
    TEXT = 1
    IMAGE = 2
    CAROUSEL = 3
    VIDEO = 4
    LINK = 5
    AUDIO = 6


class Complexity(IntEnum):
    """The difficulty of a piece of generation; the numbers are a model feature."""

    UNSPECIFIED = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


class ContentType(IntEnum):
    """The kind of content of a post."""

    UNSPECIFIED = 0
    SOCIAL_POST = 1
    BLOG = 2
    EMAIL = 3
    VIDEO = 4
    STORY = 5


class ContextState(IntEnum):
    """The state of a context."""

    UNSPECIFIED = 0
    READY = 1
    PROCESSING = 2
    DONE = 3
    FAILED = 4
    CANCELLED = 5


class Confidence(IntEnum):
    """The confidence that the approach of a context works."""

    UNSPECIFIED = 0
    UNCERTAIN = 1
    HYPOTHESIS = 2
    CONFIDENT = 3
    VALIDATED = 4


class Validation(IntEnum):
    """The judgement of a context by people's reaction or by a rating."""

    UNSPECIFIED = 0
    PENDING = 1
    APPROVED = 2
    CONDITIONALLY_APPROVED = 3
    REJECTED = 4


class Rating(IntEnum):
    """A human's rating of a piece of generation, worst first."""

    UNSPECIFIED = 0
    UNACCEPTABLE = 1
    POOR = 2
    ACCEPTABLE = 3
    GOOD = 4
    EXCELLENT = 5


class InteractionKind(IntEnum):
    """The kind of an interaction."""

    UNSPECIFIED = 0
    LIKE = 1
    COMMENT = 2
    SHARE = 3
    SAVE = 4


class Verdict(IntEnum):
    """The source of an interaction: a person, a bot or an AI persona."""

    UNSPECIFIED = 0
    GENUINE = 1
    BOT = 2
    PERSONA = 3


class PiiFilter(IntEnum):
    """The switch that masks personal data in the text of interactions."""

    ON = 1
    OFF = 2


class ConnectionState(IntEnum):
    """The state of a connection to a platform."""

    UNSPECIFIED = 0
    CONNECTED = 1
    TOKEN_REFUSED = 2
    TOKEN_EXPIRED = 3


class SyncOutcome(IntEnum):
    """The outcome of a post in a sync."""

    UNSPECIFIED = 0
    SYNCED = 1
    UNKNOWN = 2
    TOKEN_REFUSED = 3
    NOT_PERMITTED = 4
    GONE = 5
    UNAVAILABLE = 6
    REFUSED = 7
    IMPOSSIBLE = 8


class RateBase(IntEnum):
    """The count that an engagement rate is based on."""

    UNSPECIFIED = 0
    REACH = 1
    IMPRESSIONS = 2
    VIEWS = 3
