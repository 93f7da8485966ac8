"""Short constructors of interactions for the tests of the bot filter."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from groundswell_server.engagement.bot_detection.filter_settings import FilterSettings
from groundswell_server.engagement.bot_detection.interaction_batch import Interaction, InteractionBatch, PostFacts
from groundswell_server.engagement.bot_detection.layer_pipeline import judge
from groundswell_server.engagement.bot_detection.persona_layer import PersonaRegister
from groundswell_server.engagement.bot_detection.reasons import Reason
from groundswell_server.engagement.bot_detection.score_combination import Judgment
from groundswell_storage.engagement.enums import InteractionKind, Platform
from tests.engagement.defaults import FILTER

PUBLISHED = datetime(2026, 3, 4, 18, 0, 7, tzinfo=UTC)
POST = "post"
POSTS = {POST: PostFacts(Platform.INSTAGRAM, PUBLISHED)}


def comment(text: str, actor: str = "anna", after: float | None = 3600.0, post: str = POST) -> Interaction:
    """A comment so many seconds after publication; None is an unknown time."""
    return Interaction(post, actor, InteractionKind.COMMENT, _time(after), text)


def like(actor: str, after: float | None = 3600.0, post: str = POST) -> Interaction:
    """A like so many seconds after publication."""
    return Interaction(post, actor, InteractionKind.LIKE, _time(after))


def judged(
    interactions: Iterable[Interaction],
    settings: FilterSettings | None = None,
    register: PersonaRegister | None = None,
) -> list[Judgment]:
    """The judgment of each, all posts being on Instagram."""
    batch = InteractionBatch.of(interactions)
    posts = dict.fromkeys(batch.posts.values, POSTS[POST])
    return list(judge(batch, posts, register or PersonaRegister(), settings or FILTER))


def reasons_of(judgment: Judgment) -> set[Reason]:
    """The reasons without their figures."""
    return {signal.reason for signal in judgment.reasons}


def _time(after: float | None) -> datetime | None:
    return None if after is None else PUBLISHED + timedelta(seconds=after)
