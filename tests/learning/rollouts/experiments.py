"""A substitute of ExperimentsService that answers, or fails."""

from __future__ import annotations

from collections.abc import Collection
from types import SimpleNamespace
from typing import Any

from groundswell.v1 import experiments_pb2 as pb
from groundswell_server.runtime.call import Principal
from groundswell_storage.errors import GroundswellError

RESOLVE, RECORD = "EvaluateRollout", "RecordEvents"


class AnsweringPeers:
    """Personas in `on` get what is new; all are compared but those in `left_out`."""

    experiments = SimpleNamespace(EvaluateRollout=RESOLVE, RecordEvents=RECORD)

    def __init__(self, on: Collection[str] = (), left_out: Collection[str] = ()) -> None:
        self.on, self.left_out = on, left_out
        self.error: GroundswellError | None = None
        """What it answers instead."""
        self.resolved: list[str] = []
        """Personas that it was asked about."""
        self.recorded: list[pb.ExperimentEvent] = []
        self.principals: set[Principal] = set()

    async def call_as(
        self, principal: Principal, request_id: str, method: str, request: Any, *, timeout_seconds: float = 5.0
    ) -> Any:
        """A call."""
        self.principals.add(principal)
        if method == RESOLVE:
            self.resolved.append(request.unit)
        if self.error is not None:
            raise self.error
        if method == RECORD:
            self.recorded += request.events
            return pb.RecordEventsResponse()
        unit = request.unit
        return pb.EvaluateRolloutResponse(is_on=unit in self.on, is_compared=unit not in self.left_out)
