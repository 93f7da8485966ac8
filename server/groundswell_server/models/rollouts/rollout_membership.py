"""Asks ExperimentsService which units get a version under rollout; asking enrols the unit in the comparison.

Answers are cached per version of the rollout. While ExperimentsService does not answer, the live version serves, and no
further calls are made for a while.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, NamedTuple

from groundswell_server.caching.read_through_cache import ReadThroughCache
from groundswell_server.models.rollouts import messages
from groundswell_server.models.serving.served_model import UnderRollout
from groundswell_server.peers.circuit_breaker import CircuitBreaker
from groundswell_server.peers.peers import Peers
from groundswell_server.runtime.call import Principal
from groundswell_storage.errors import GroundswellError
from groundswell_storage.experiments.model_rollouts import ModelRollout

_ACTOR = "learning.rollouts"
_MAX_MEMBERSHIPS = 100_000
_TIMEOUT_SECONDS = 1.0


class Membership(NamedTuple):
    """The place of a unit in the rollout of a version."""

    is_on: bool
    """True if the unit gets the version."""
    is_compared: bool
    """True if its outcomes count in the comparison."""


def principal(workspace: str) -> Principal:
    """Returns the principal of calls to ExperimentsService: a unit's version must not depend on the caller."""
    return Principal(workspace, "agent", _ACTOR, frozenset({"experiments.write"}))


class RolloutMembership:
    """The memberships of units in rollouts of versions; used on the event loop of a server."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers
        self._memberships: ReadThroughCache[tuple[str, int, str], Membership] = ReadThroughCache(_MAX_MEMBERSHIPS)
        """By rollout, its version, and unit: a change of the rollout makes its old entries unreachable."""
        self._breaker = CircuitBreaker("memberships in model rollouts are unknown; the live version serves")

    async def rollouts_of(self, workspace: str, under_rollout: Iterable[UnderRollout], unit: str) -> frozenset[str]:
        """Returns the ids of the rollouts that give their version to a unit; none while the service is unreachable."""
        if self._breaker.is_open(workspace):
            return frozenset()
        try:
            return frozenset(
                [
                    one.rollout.rollout_id
                    for one in under_rollout
                    if (await self.membership(workspace, one.rollout, unit)).is_on
                ]
            )
        except GroundswellError as error:
            self._breaker.trip(workspace, error)
            return frozenset()

    async def membership(self, workspace: str, rollout: ModelRollout, unit: str) -> Membership:
        """Returns the membership of a unit. Raises the errors of ExperimentsService, and Unavailable."""
        key = rollout.rollout_id, rollout.rollout_version, unit
        return await self._memberships.find(key, partial(self._evaluate, workspace, rollout, unit))

    async def _evaluate(self, workspace: str, rollout: ModelRollout, unit: str) -> Membership:
        response: Any = await self._peers.call_as(
            principal(workspace),
            f"rollout-{rollout.rollout_id}",
            self._peers.experiments.EvaluateRollout,
            messages.evaluate_request(rollout.rollout_key, unit),
            timeout_seconds=_TIMEOUT_SECONDS,
        )
        self._breaker.reset()
        return Membership(response.is_on, response.is_compared)
