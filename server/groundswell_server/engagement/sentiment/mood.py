"""The mood of a text, as it is stored."""

from __future__ import annotations

from typing import Final, NamedTuple

from groundswell_server.engagement.vocabulary import Sentiment


class Mood(NamedTuple):
    """What a text says of its writer's feeling."""

    sentiment: Sentiment
    score: float | None
    """-1 (bad) to 1 (good), to four places; None where the sentiment is UNSUPPORTED or UNSPECIFIED."""


NO_MOOD: Final = Mood(Sentiment.UNSPECIFIED, None)
UNSUPPORTED: Final = Mood(Sentiment.UNSUPPORTED, None)
