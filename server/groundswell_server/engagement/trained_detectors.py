"""The workspace's trained detectors, which LearningService serves, applied to the accounts and texts of interactions.

Interactions are recorded whether LearningService answers or not: without it the documented weights and phrases decide.
Without a live model, or while the service does not answer, most batches skip the call.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, TypeVar

from groundswell_server.caching.cache import Cache
from groundswell_server.engagement import messages
from groundswell_server.engagement.bot_detection.account_profiles import Profile
from groundswell_server.engagement.interactions import interactions
from groundswell_server.engagement.interactions.interactions import NewInteraction
from groundswell_server.events.event_consumers import invalidate_on
from groundswell_server.peers.circuit_breaker import CircuitBreaker
from groundswell_server.peers.peers import Caller, Peers
from groundswell_storage.chunks import chunks
from groundswell_storage.errors import GroundswellError, Unavailable
from groundswell_storage.events.feed import EventFeed
from groundswell_storage.events.topics import MODEL_CHANGED

T = TypeVar("T")

BOTS, SPAM = "BOT_DETECTOR", "SPAM_DETECTOR"
_NOT_LIVE = "MODEL_NOT_LIVE"
_NOT_PERMITTED = "PERMISSION_DENIED"
_TIMEOUT_SECONDS = 5.0
"""Timeout of one call."""
_MAX_ASKED = 1000
"""Accounts or texts in one call."""
_MAX_TEXT = 10_000
"""Characters of a text that are sent; the rest rarely decides."""
_MAX_CHARACTERS = 500_000
"""Characters of all texts of one call."""
_MAX_WORKSPACES = 10_000


class TrainedDetectors:
    """A client of the trained detectors, on an event loop.

    A server keeps its client current with `follow`; each sync creates a client.
    """

    def __init__(self, peers: Peers) -> None:
        self._peers = peers
        self._absent: Cache[tuple[str, str], bool] = Cache(_MAX_WORKSPACES)
        """Workspaces and model types without a live model."""
        self._breaker = CircuitBreaker(
            "a trained detector does not answer; the documented weights and phrases are used instead"
        )

    async def consult(self, caller: Caller, batch: list[NewInteraction]) -> list[NewInteraction]:
        """Returns the interactions with the probabilities of their accounts and texts."""
        if accounts := await self._classify(caller, BOTS, interactions.known_accounts(batch), self._accounts):
            batch = interactions.with_detector(batch, accounts)
        if texts := await self._classify(caller, SPAM, interactions.texts_of(batch), self._texts):
            batch = interactions.with_spam(batch, texts)
        return batch

    async def follow(self, feed: EventFeed) -> None:
        """Follows the promotion of models for as long as the server runs."""
        await invalidate_on(
            feed,
            (MODEL_CHANGED,),
            on_gap=self._absent.clear,
            on_event=lambda event: self._absent.forget((event.workspace, event.payload["model_type"])),
        )

    async def _classify(
        self,
        caller: Caller,
        model_type: str,
        asked: list[T],
        classify: Callable[[Caller, list[T]], Awaitable[dict[T, float]]],
    ) -> dict[T, float]:
        """Returns the probabilities by the live model of a type; nothing without one, or when it does not answer."""
        workspace = caller.principal.workspace
        if not asked or self._absent.get((workspace, model_type)) or self._breaker.is_open(workspace):
            return {}
        mark = self._absent.mark()
        try:
            found = await classify(caller, asked)
        except Unavailable as error:
            self._breaker.trip(workspace, error, model_type=model_type)
        except GroundswellError as error:
            if error.reason == _NOT_LIVE:
                self._absent.store((workspace, model_type), True, mark)
            elif error.reason != _NOT_PERMITTED:  # the caller lacks the permission
                self._breaker.warn(error, model_type=model_type)
        else:
            self._breaker.reset()
            return found
        return {}

    async def _accounts(self, caller: Caller, asked: list[Profile]) -> dict[Profile, float]:
        found: dict[Profile, float] = {}
        classify = self._peers.learning.ClassifyProfiles
        for part in chunks(asked, _MAX_ASKED):
            request = messages.bots_request(part)
            answer: Any = await self._peers.call(caller, classify, request, timeout_seconds=_TIMEOUT_SECONDS)
            found.update(zip(part, messages.bot_probabilities(answer), strict=True))
        return found

    async def _texts(self, caller: Caller, asked: list[str]) -> dict[str, float]:
        found: dict[str, float] = {}
        classify = self._peers.learning.ClassifyText
        for part in _parts(asked):
            request = messages.spam_request([text[:_MAX_TEXT] for text in part])
            answer: Any = await self._peers.call(caller, classify, request, timeout_seconds=_TIMEOUT_SECONDS)
            found.update(zip(part, messages.spam_probabilities(answer), strict=True))
        return found


def _parts(texts: Sequence[str]) -> Iterator[list[str]]:
    """Splits texts into parts that fit into one call."""
    part: list[str] = []
    characters = 0
    for text in texts:
        length = min(len(text), _MAX_TEXT)
        if part and (len(part) == _MAX_ASKED or characters + length > _MAX_CHARACTERS):
            yield part
            part, characters = [], 0
        part.append(text)
        characters += length
    if part:
        yield part
