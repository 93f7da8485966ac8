"""Interactions before and after they are judged, and their lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from groundswell_server.engagement.bot_detection.account_profiles import UNKNOWN, Profile, with_digits
from groundswell_server.sentiment.sentiment import NO_SENTIMENT, Sentiment, SentimentScore
from groundswell_storage.engagement import interactions
from groundswell_storage.engagement.enums import InteractionKind, Verdict
from groundswell_storage.engagement.interactions import InteractionRow
from groundswell_storage.engagement.posts import PostRow
from groundswell_storage.pages import Page
from groundswell_storage.scope import Scope


class NewInteraction(NamedTuple):
    """An action of an actor, to be recorded. It is a tuple, because a batch may hold a million of them."""

    kind: InteractionKind
    occurred_us: int
    """Microseconds since 1970 UTC."""
    actor_handle: str = ""
    """Empty when the platform does not report it."""
    text: str = ""
    platform_interaction_id: str = ""
    """Empty when unknown; then interactions of the same kind, actor, text and time are the same."""
    sentiment: SentimentScore = NO_SENTIMENT
    """Sentiment of the text."""
    profile: Profile = UNKNOWN
    spam_probability: float | None = None
    """Probability of spam by the workspace's trained SPAM_DETECTOR, 0 to 1; None without one."""


def known_accounts(batch: Iterable[NewInteraction]) -> list[Profile]:
    """Returns the distinct accounts of a batch with at least one known fact."""
    return list({with_digits(new.profile, new.actor_handle): None for new in batch if new.profile.has_facts()})


def with_detector(batch: Iterable[NewInteraction], probabilities: Mapping[Profile, float]) -> list[NewInteraction]:
    """Returns the interactions with the bot probabilities, 0 to 1, of their accounts."""

    def detected(new: NewInteraction) -> NewInteraction:
        probability = probabilities.get(with_digits(new.profile, new.actor_handle)) if new.profile.has_facts() else None
        return new._replace(profile=new.profile._replace(bot_probability=probability))

    return [detected(new) for new in batch]


def texts_of(batch: Iterable[NewInteraction]) -> list[str]:
    """Returns the distinct texts of a batch."""
    return list({new.text: None for new in batch if new.text})


def with_spam(batch: Iterable[NewInteraction], probabilities: Mapping[str, float]) -> list[NewInteraction]:
    """Returns the interactions with the spam probabilities, 0 to 1, of their texts."""
    return [new._replace(spam_probability=probabilities.get(new.text)) for new in batch]


@dataclass(frozen=True, slots=True)
class Recorded:
    """The counts of recorded interactions, of one batch or of several."""

    recorded_count: int = 0
    duplicate_count: int = 0
    """Interactions that had been recorded before."""
    genuine_count: int = 0
    """Part of `recorded_count`, as are the following two."""
    bot_count: int = 0
    persona_count: int = 0

    def __add__(self, other: Recorded) -> Recorded:
        """Adds the counts of two batches."""
        return Recorded(
            self.recorded_count + other.recorded_count,
            self.duplicate_count + other.duplicate_count,
            self.genuine_count + other.genuine_count,
            self.bot_count + other.bot_count,
            self.persona_count + other.persona_count,
        )


@dataclass(frozen=True, slots=True)
class VerdictReason:
    """One reason for a verdict."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Interaction:
    """A recorded interaction with its verdict."""

    id: str
    platform_interaction_id: str
    kind: InteractionKind
    actor_handle: str
    text: str
    """The text after masking."""
    interact_time: datetime
    verdict: Verdict
    inauthentic_probability: float
    """Probability that the interaction is not genuine, 0 to 1."""
    reasons: tuple[VerdictReason, ...]
    """Strongest first."""
    layers: tuple[str, ...]
    sentiment: Sentiment
    sentiment_score: float | None
    """-1 to 1; None without a score."""
    profile: Profile | None
    """None when no fact is known."""


def list_interactions(
    scope: Scope, post_id: str, *, verdict: int = 0, kind: int = 0, page_size: int = 0, page_token: str = ""
) -> Page[Interaction]:
    """Returns one page of a post's interactions, newest first; 0 means any. Raises NotFound for the post."""
    scope.get(PostRow, post_id)
    found = interactions.page(scope, post_id, verdict=verdict, kind=kind, page_size=page_size, page_token=page_token)
    return found.map(interaction_of)


def interaction_of(row: InteractionRow) -> Interaction:
    """The interaction of a row."""
    return Interaction(
        id=row.id,
        platform_interaction_id=row.platform_interaction_id,
        kind=InteractionKind(row.kind),
        actor_handle=row.actor_handle,
        text=row.text,
        interact_time=row.interact_time,
        verdict=Verdict(row.verdict),
        inauthentic_probability=row.probability,
        reasons=tuple(VerdictReason(code, detail) for code, detail in row.reasons or ()),
        layers=tuple(row.layers.split(",")) if row.layers else (),
        sentiment=Sentiment(row.sentiment),
        sentiment_score=row.sentiment_score,
        profile=row.profile and Profile.from_json(row.profile),
    )
