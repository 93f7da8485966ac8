"""The intake of interactions: all the steps between the arrival of a batch and the updated posts.

RecordInteractions and the sync of comments both use it, so an interaction is treated the same regardless of its origin.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from groundswell_server.engagement.bot_detection.filter_settings import FilterSettings
from groundswell_server.engagement.contexts.outcomes import Thresholds
from groundswell_server.engagement.interactions.interactions import NewInteraction, Recorded
from groundswell_server.engagement.posts.posts import Post, get_posts
from groundswell_server.engagement.workspace_settings import read_settings
from groundswell_server.peers.peers import Caller
from groundswell_server.runtime.call import Call
from groundswell_storage.engagement.enums import InteractionKind
from groundswell_storage.scope import Scope

if TYPE_CHECKING:
    from groundswell_server.engagement.interactions.recorder import Recording

MAX_POSTS: Final = 100
"""Posts that are returned after a stream of batches."""


class Detectors(Protocol):
    """The trained detectors that classify a batch before it is judged."""

    async def consult(self, caller: Caller, batch: list[NewInteraction]) -> list[NewInteraction]:
        """Returns the interactions with the probabilities that the detectors give to their accounts and texts."""


class Intake:
    """Scores the sentiment of interactions, calls the detectors, judges and records them, and rejudges affected posts.

    NumPy and the layers of the filter are imported by the first use, or by `load`.
    """

    def __init__(self, settings: FilterSettings, thresholds: Thresholds, detectors: Detectors) -> None:
        self._settings = settings
        self._thresholds = thresholds
        self._detectors = detectors

    def load(self) -> None:
        """Imports and compiles everything that the first batch would otherwise have to wait for."""
        from groundswell_server.engagement.interactions import recorder

        recorder.prepare(self._settings)

    async def prepare(self, caller: Caller, batch: list[NewInteraction]) -> list[NewInteraction]:
        """Returns the interactions with the sentiment of their texts and the probabilities of the trained detectors.

        No transaction is open during these two steps, which take too long.
        """
        if any(map(_is_comment, batch)):
            batch = await asyncio.to_thread(with_sentiment, batch)
        return await self._detectors.consult(caller, batch)

    def record(self, scope: Scope, post_id: str, batch: Sequence[NewInteraction]) -> Recording:
        """Judges and stores prepared interactions of one post. Raises NotFound and InvalidArgument."""
        from groundswell_server.engagement.interactions import recorder

        pii_filter = read_settings(scope).pii_filter
        return recorder.record_interactions(scope, post_id, batch, self._settings, self._thresholds, pii_filter)

    def rejudge(self, scope: Scope, post_id: str) -> None:
        """Judges the stored interactions of a post again with the current evidence."""
        from groundswell_server.engagement.interactions import recorder

        recorder.rejudge(scope, post_id, self._settings, self._thresholds)

    async def record_batches(
        self, call: Call, batches: AsyncIterable[tuple[str, list[NewInteraction]]]
    ) -> tuple[Recorded, list[Post]]:
        """Records batches of (post id, interactions), each in a transaction of its own.

        Returns the totals and the first `MAX_POSTS` of the posts as they are afterwards.
        """
        total = Recorded()
        post_ids: dict[str, None] = {}
        async for post_id, batch in batches:
            post_ids[post_id] = None
            prepared = await self.prepare(call, batch)
            recording = await call.write(self.record, post_id, prepared)
            total += recording.recorded
            for other_id in recording.posts_to_rejudge:
                await call.write(self.rejudge, other_id)
        return total, await call.read(get_posts, list(post_ids)[:MAX_POSTS])


def with_sentiment(batch: Sequence[NewInteraction]) -> list[NewInteraction]:
    """Returns the interactions with the sentiment of the comments among them.

    Call it on a thread: VADER takes 20 to 80 us for a comment, depending on its length, and 0.2 s more for the first.
    """
    from groundswell_server.sentiment.analyzer import analyze_sentiment

    scores = {text: analyze_sentiment(text) for text in {new.text for new in batch if _is_comment(new)}}
    return [new._replace(sentiment=scores[new.text]) if _is_comment(new) else new for new in batch]


def _is_comment(new: NewInteraction) -> bool:
    return new.kind is InteractionKind.COMMENT and bool(new.text)
