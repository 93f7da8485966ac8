"""The servicer of ExperimentsService: each method decodes, makes one domain call, and encodes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from groundswell.v1 import experiments_pb2 as pb
from groundswell.v1.services import services
from groundswell_server.conversions.protobuf_conversions import paging_in
from groundswell_server.experiments import lifecycle, messages
from groundswell_server.experiments.assignment.assignments import Assignments
from groundswell_server.experiments.assignment.bandit_choices import BanditChoices
from groundswell_server.experiments.catalog.catalog import Catalog
from groundswell_server.experiments.counting.count_notifier import CountNotifier
from groundswell_server.experiments.counting.exposures import Exposures
from groundswell_server.experiments.counting.recorder import Recorder
from groundswell_server.experiments.interim_analysis.shared_analyses import SharedAnalyses
from groundswell_server.experiments.interim_analysis.watcher import Watcher
from groundswell_server.experiments.messages.fast_accept import (
    accepts_assign,
    accepts_assign_all,
    accepts_record,
    accepts_stream,
)
from groundswell_server.experiments.model_step_runner import ModelStepRunner
from groundswell_server.experiments.rollouts import lifecycle as rollouts
from groundswell_server.experiments.rollouts.evaluator import RolloutCache
from groundswell_server.runtime import permissions
from groundswell_server.runtime.background_tasks import together
from groundswell_server.runtime.call import Call
from groundswell_server.runtime.methods import rpc
from groundswell_server.services.dependencies import Dependencies
from groundswell_storage.experiments import interim_analyses
from groundswell_storage.scope import Scope

if TYPE_CHECKING:
    from groundswell_server.experiments.interim_analysis.interim_analysis import InterimAnalysis

_PROMOTION = services()["learning"].methods_by_name["PromoteModel"]


class Servicer:
    """The servicer of ExperimentsService."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._feed = dependencies.feed
        self._catalog = Catalog()
        self._exposures = Exposures(dependencies.executor)
        self.collector = self._exposures.collector
        self._count_notifier = CountNotifier(dependencies.executor, self._exposures.flush)
        choices = BanditChoices(dependencies.executor)
        self._assignments = Assignments(self._catalog, choices, self._exposures, self._count_notifier)
        self._shared_analyses = SharedAnalyses(self._feed)
        self._recorder = Recorder(self._catalog, self._exposures, self._count_notifier)
        self._rollouts = RolloutCache()
        self._target_age = timedelta(days=dependencies.settings.ml_target_age_days)
        self._model_steps = ModelStepRunner(dependencies.executor, dependencies.peers)

    async def run(self) -> None:
        """Follows the event log, writes exposures, notifies watchers and makes model steps while the server runs."""
        try:
            await together(
                partial(self._catalog.follow, self._feed),
                partial(self._rollouts.follow, self._feed),
                self._exposures.run,
                self._count_notifier.run,
                partial(self._model_steps.run, self._feed),
            )
        finally:
            await self._exposures.flush()

    @rpc
    def CreateExperiment(self, request: pb.CreateExperimentRequest, scope: Scope) -> pb.CreateExperimentResponse:
        created = lifecycle.create_experiment(scope, request.key, messages.design_in(request.design))
        return pb.CreateExperimentResponse(experiment=messages.experiment_message(created))

    @rpc
    def GetExperiment(self, request: pb.GetExperimentRequest, scope: Scope) -> pb.GetExperimentResponse:
        found = lifecycle.get_experiment(scope, request.experiment_key)
        return pb.GetExperimentResponse(experiment=messages.experiment_message(found))

    @rpc
    def ListExperiments(self, request: pb.ListExperimentsRequest, scope: Scope) -> pb.ListExperimentsResponse:
        page = lifecycle.list_experiments(scope, state=request.state, **paging_in(request))
        experiments = page.map(messages.experiment_message)
        return pb.ListExperimentsResponse(experiments=experiments.items, next_page_token=page.next_page_token)

    @rpc
    def UpdateExperiment(self, request: pb.UpdateExperimentRequest, scope: Scope) -> pb.UpdateExperimentResponse:
        design, change = messages.design_in(request.design), {"reason": request.reason, "etag": request.etag}
        updated = lifecycle.update_experiment(scope, request.experiment_key, design, **change)
        return pb.UpdateExperimentResponse(experiment=messages.experiment_message(updated))

    @rpc
    def StartExperiment(self, request: pb.StartExperimentRequest, scope: Scope) -> pb.StartExperimentResponse:
        started = lifecycle.start_experiment(scope, request.experiment_key)
        return pb.StartExperimentResponse(experiment=messages.experiment_message(started))

    @rpc
    def PauseExperiment(self, request: pb.PauseExperimentRequest, scope: Scope) -> pb.PauseExperimentResponse:
        paused = lifecycle.pause_experiment(scope, request.experiment_key)
        return pb.PauseExperimentResponse(experiment=messages.experiment_message(paused))

    @rpc
    def ResumeExperiment(self, request: pb.ResumeExperimentRequest, scope: Scope) -> pb.ResumeExperimentResponse:
        resumed = lifecycle.resume_experiment(scope, request.experiment_key)
        return pb.ResumeExperimentResponse(experiment=messages.experiment_message(resumed))

    @rpc
    def CompleteExperiment(self, request: pb.CompleteExperimentRequest, scope: Scope) -> pb.CompleteExperimentResponse:
        completed = lifecycle.complete_experiment(scope, request.experiment_key, request.winner, request.reason)
        return pb.CompleteExperimentResponse(experiment=messages.experiment_message(completed))

    @rpc
    def ArchiveExperiment(self, request: pb.ArchiveExperimentRequest, scope: Scope) -> pb.ArchiveExperimentResponse:
        archived = lifecycle.archive_experiment(scope, request.experiment_key)
        return pb.ArchiveExperimentResponse(experiment=messages.experiment_message(archived))

    @rpc(accepts=accepts_assign)
    async def AssignVariant(self, request: pb.AssignVariantRequest, call: Call) -> pb.AssignVariantResponse:
        assigned = await self._assignments.assign(call, messages.assignment_request_in(request))
        return pb.AssignVariantResponse(assignment=messages.assignment_message(assigned))

    @rpc(accepts=accepts_assign_all)
    async def BatchAssignVariants(
        self, request: pb.BatchAssignVariantsRequest, call: Call
    ) -> pb.BatchAssignVariantsResponse:
        requests = list(map(messages.assignment_request_in, request.requests))
        assigned = await self._assignments.assign_all(call, requests)
        return pb.BatchAssignVariantsResponse(assignments=map(messages.assignment_message, assigned))

    @rpc(accepts=accepts_assign)
    async def EvaluateVariant(self, request: pb.EvaluateVariantRequest, call: Call) -> pb.EvaluateVariantResponse:
        evaluated = await self._assignments.evaluate(call, messages.assignment_request_in(request))
        return pb.EvaluateVariantResponse(assignment=messages.assignment_message(evaluated))

    @rpc(accepts=accepts_record)
    async def RecordEvents(self, request: pb.RecordEventsRequest, call: Call) -> pb.RecordEventsResponse:
        outcome = await self._recorder.record(call, messages.events_in(request, call.now))
        return pb.RecordEventsResponse(outcome=messages.outcome_message(request, outcome))

    @rpc(accepts=accepts_stream)
    async def StreamEvents(
        self, requests: AsyncIterator[pb.StreamEventsRequest], call: Call
    ) -> AsyncIterator[pb.StreamEventsResponse]:
        async for request in requests:
            outcome = await self._recorder.record(call, messages.events_in(request, call.now))
            yield pb.StreamEventsResponse(sequence=request.sequence, outcome=messages.outcome_message(request, outcome))

    @rpc
    @rpc
    async def AnalyzeExperiment(self, request: pb.AnalyzeExperimentRequest, call: Call) -> pb.AnalyzeExperimentResponse:
        analysis = await self._analyze(call, request.experiment_key)
        history = await call.read(interim_analyses.read, request.experiment_key) if request.with_history else ()
        return messages.analysis_message(analysis, history)

    @rpc
    @rpc
    async def WatchExperiment(
        self, request: pb.WatchExperimentRequest, call: Call
    ) -> AsyncIterator[pb.WatchExperimentResponse]:
        key = request.experiment_key
        run = partial(self._shared_analyses.run, call.workspace, key, partial(self._analyze, call, key))
        watcher = Watcher(self._feed, call.workspace, key, run)
        async for update in watcher.watch(request.cursor):
            yield messages.watch_message(update)

    @rpc
    @rpc
    async def PlanExperiment(self, request: pb.PlanExperimentRequest, call: Call) -> pb.PlanExperimentResponse:
        from groundswell_server.experiments import experiment_plan

        return messages.plan_message(await asyncio.to_thread(experiment_plan.plan, messages.plan_inputs_in(request)))

    async def _principal(self, request: pb.CreateRolloutRequest, call: Call) -> dict[str, Any] | None:
        """Returns the caller of a model's rollout, who must be allowed to promote models; raises PermissionDenied."""
        if not request.design.model_id:
            return None
        permissions.authorize(call.principal, permissions.access_of(_PROMOTION))
        return {"role": call.principal.role, "actor": call.principal.actor, "scopes": sorted(call.principal.scopes)}

    @rpc(prepare=_principal)
    def CreateRollout(
        self, request: pb.CreateRolloutRequest, scope: Scope, principal: dict[str, Any] | None
    ) -> pb.CreateRolloutResponse:
        design = messages.rollout_design_in(request.design)
        created = rollouts.create_rollout(scope, request.key, design, principal, target_age=self._target_age)
        return pb.CreateRolloutResponse(rollout=messages.rollout_message(created))

    @rpc
    def GetRollout(self, request: pb.GetRolloutRequest, scope: Scope) -> pb.GetRolloutResponse:
        found = rollouts.get_rollout(scope, request.rollout_key)
        return pb.GetRolloutResponse(rollout=messages.rollout_message(found))

    @rpc
    def ListRollouts(self, request: pb.ListRolloutsRequest, scope: Scope) -> pb.ListRolloutsResponse:
        page = rollouts.list_rollouts(scope, state=request.state, **paging_in(request))
        found = page.map(messages.rollout_message)
        return pb.ListRolloutsResponse(rollouts=found.items, next_page_token=page.next_page_token)

    @rpc
    def AdvanceRollout(self, request: pb.AdvanceRolloutRequest, scope: Scope) -> pb.AdvanceRolloutResponse:
        advanced = rollouts.advance_rollout(scope, request.rollout_key, reason=request.reason, etag=request.etag)
        return pb.AdvanceRolloutResponse(rollout=messages.rollout_message(advanced))

    @rpc
    def PauseRollout(self, request: pb.PauseRolloutRequest, scope: Scope) -> pb.PauseRolloutResponse:
        paused = rollouts.pause_rollout(scope, request.rollout_key, request.reason)
        return pb.PauseRolloutResponse(rollout=messages.rollout_message(paused))

    @rpc
    def ResumeRollout(self, request: pb.ResumeRolloutRequest, scope: Scope) -> pb.ResumeRolloutResponse:
        resumed = rollouts.resume_rollout(scope, request.rollout_key, request.reason)
        return pb.ResumeRolloutResponse(rollout=messages.rollout_message(resumed))

    @rpc
    def RollBackRollout(self, request: pb.RollBackRolloutRequest, scope: Scope) -> pb.RollBackRolloutResponse:
        rolled_back = rollouts.roll_back_rollout(scope, request.rollout_key, request.reason)
        return pb.RollBackRolloutResponse(rollout=messages.rollout_message(rolled_back))

    @rpc
    async def EvaluateRollout(self, request: pb.EvaluateRolloutRequest, call: Call) -> pb.EvaluateRolloutResponse:
        evaluator = await self._rollouts.find(call.workspace, request.rollout_key, call.read)
        evaluation = evaluator.evaluate(request.unit)
        self._exposures.note_evaluation(call.workspace, evaluator.assigner, evaluation)
        return messages.evaluation_message(evaluation)

    async def _analyze(self, call: Call, key: str) -> InterimAnalysis:
        # Imported late because a server does not need SciPy to start.
        from groundswell_server.experiments.interim_analysis import runner

        await self._exposures.flush()
        return await runner.run(call, key)
