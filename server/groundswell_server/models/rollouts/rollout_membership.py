"""Which personas get a version under rollout: ExperimentsService says it, and counts whoever it is asked about.

What it said is remembered for the rollout as it stood. Where it does not answer, the live version serves, and it is
left alone for a while.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from groundswell_server.caching.cache import Cache
from groundswell_server.learning.rollouts.standing import Standing
from groundswell_server.learning.rollouts.under_rollout import UnderRollout
from groundswell_server.models.rollouts import messages
from groundswell_server.peers.circuit_breaker import CircuitBreaker
from groundswell_server.peers.peers import Peers
from groundswell_server.runtime.call import Principal
from groundswell_storage.errors import GroundswellError
from groundswell_storage.experiments.model_rollouts import ModelRollout

_ACTOR = "learning.rollouts"
_MOST_STANDINGS = 100_000
_PATIENCE_SECONDS = 1.0


def principal(workspace: str) -> Principal:
    """On whose behalf ExperimentsService is asked: who gets which version must not depend on who asks for it."""
    return Principal(workspace, "agent", _ACTOR, frozenset({"experiments.write"}))


class Coverage:
    """One for a server; used on its event loop."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers
        self._known: Cache[tuple[str, int, str], Standing] = Cache(_MOST_STANDINGS)
        """By rollout, its version, and persona: what was said of a rollout before it changed is not found any more."""
        self._breaker = CircuitBreaker("who gets a version under rollout is not known; the live one serves")

    async def on(self, workspace: str, under_rollout: Iterable[UnderRollout], persona_id: str) -> frozenset[str]:
        """The rollouts that cover a persona, by id; none while ExperimentsService does not answer."""
        if self._breaker.is_open(workspace):
            return frozenset()
        try:
            return frozenset(
                [
                    one.rollout.rollout_id
                    for one in under_rollout
                    if (await self.standing(workspace, one.rollout, persona_id)).is_on
                ]
            )
        except GroundswellError as error:
            self._breaker.trip(workspace, error)
            return frozenset()

    async def standing(self, workspace: str, rollout: ModelRollout, persona_id: str) -> Standing:
        """Where a persona stands; raises what ExperimentsService answers, and Unavailable when it does not."""
        key = rollout.rollout_id, rollout.rollout_version, persona_id
        known = self._known.get(key)
        if known is None:
            mark = self._known.mark()
            response: Any = await self._peers.ask_as(
                principal(workspace),
                f"rollout-{rollout.rollout_id}",
                self._peers.experiments.EvaluateRollout,
                messages.resolve_request(rollout.rollout_key, persona_id),
                timeout_seconds=_PATIENCE_SECONDS,
            )
            known = messages.standing_in(response)
            self._known.store(key, known, mark)
            self._breaker.reset()
        return known
