"""ExperimentsService's calls about rollouts: each decodes, makes one domain call, encodes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from groundswell.v1 import experiments_pb2 as pb
from groundswell.v1.services import services
from groundswell_server.conversions.protobuf_conversions import paging_in
from groundswell_server.experiments import messages
from groundswell_server.experiments.counting.exposures import Exposures
from groundswell_server.experiments.rollouts import lifecycle
from groundswell_server.experiments.rollouts.evaluator import RolloutCache
from groundswell_server.runtime import permissions
from groundswell_server.runtime.call import Call
from groundswell_server.runtime.methods import rpc
from groundswell_storage.scope import Scope

_PROMOTION = services()["learning"].methods_by_name["PromoteModel"]


class RolloutCalls:
    """The part of the servicer that answers them."""

    _exposures: Exposures
    _rollouts: RolloutCache
    _target_age: timedelta

    async def _principal(self, request: pb.CreateRolloutRequest, call: Call) -> dict[str, Any] | None:
        """On whose behalf the registry will be asked, for a model's rollout; raises PermissionDenied at once."""
        if not request.design.model_id:
            return None
        permissions.authorize(call.principal, permissions.access_of(_PROMOTION))
        return {"role": call.principal.role, "actor": call.principal.actor, "scopes": sorted(call.principal.scopes)}

    @rpc(prepare=_principal)
    def CreateRollout(
        self, request: pb.CreateRolloutRequest, scope: Scope, principal: dict[str, Any] | None
    ) -> pb.CreateRolloutResponse:
        design = messages.rollout_design_in(request.design)
        created = lifecycle.create_rollout(scope, request.key, design, principal, target_age=self._target_age)
        return pb.CreateRolloutResponse(rollout=messages.rollout_message(created))

    @rpc
    def GetRollout(self, request: pb.GetRolloutRequest, scope: Scope) -> pb.GetRolloutResponse:
        found = lifecycle.get_rollout(scope, request.rollout_key)
        return pb.GetRolloutResponse(rollout=messages.rollout_message(found))

    @rpc
    def ListRollouts(self, request: pb.ListRolloutsRequest, scope: Scope) -> pb.ListRolloutsResponse:
        page = lifecycle.list_rollouts(scope, state=request.state, **paging_in(request))
        rollouts = page.map(messages.rollout_message)
        return pb.ListRolloutsResponse(rollouts=rollouts.items, next_page_token=page.next_page_token)

    @rpc
    def AdvanceRollout(self, request: pb.AdvanceRolloutRequest, scope: Scope) -> pb.AdvanceRolloutResponse:
        advanced = lifecycle.advance_rollout(scope, request.rollout_key, reason=request.reason, etag=request.etag)
        return pb.AdvanceRolloutResponse(rollout=messages.rollout_message(advanced))

    @rpc
    def PauseRollout(self, request: pb.PauseRolloutRequest, scope: Scope) -> pb.PauseRolloutResponse:
        paused = lifecycle.pause_rollout(scope, request.rollout_key, request.reason)
        return pb.PauseRolloutResponse(rollout=messages.rollout_message(paused))

    @rpc
    def ResumeRollout(self, request: pb.ResumeRolloutRequest, scope: Scope) -> pb.ResumeRolloutResponse:
        resumed = lifecycle.resume_rollout(scope, request.rollout_key, request.reason)
        return pb.ResumeRolloutResponse(rollout=messages.rollout_message(resumed))

    @rpc
    def RollBackRollout(self, request: pb.RollBackRolloutRequest, scope: Scope) -> pb.RollBackRolloutResponse:
        rolled_back = lifecycle.roll_back_rollout(scope, request.rollout_key, request.reason)
        return pb.RollBackRolloutResponse(rollout=messages.rollout_message(rolled_back))

    @rpc
    async def EvaluateRollout(self, request: pb.EvaluateRolloutRequest, call: Call) -> pb.EvaluateRolloutResponse:
        resolver = await self._rollouts.find(call.workspace, request.rollout_key, call.read)
        found = resolver.draw(request.unit)
        side = resolver.counted(found)
        if side is not None:
            self._exposures.note(call.workspace, resolver.assigner, request.unit, side)
        return messages.evaluation_message(resolver.rollout, request.unit, found, is_compared=side is not None)
