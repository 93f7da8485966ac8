"""LearningService: each call decodes, makes one domain call, encodes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import cached_property, partial
from importlib import import_module
from typing import TYPE_CHECKING

from groundswell.v1 import learning_pb2 as pb
from groundswell_server.conversions.protobuf_conversions import paging_in
from groundswell_server.events.event_consumers import BOOKMARK_EVERY
from groundswell_server.learning import messages
from groundswell_server.learning.fetching import Find, fetch
from groundswell_server.learning.labels import training_examples as examples
from groundswell_server.learning.messages import labels as labelling_messages
from groundswell_server.learning.messages import monitoring as monitoring_messages
from groundswell_server.learning.messages import online_model as watching
from groundswell_server.learning.pattern_calls import PatternCalls
from groundswell_server.learning.serving.acceptance import accepts_content, accepts_contents
from groundswell_server.learning.timing.best_hours import best_hours
from groundswell_server.models import registry
from groundswell_server.models.artifacts.artifact_store import ArtifactStore
from groundswell_server.models.monitoring.drift_check import check_drift
from groundswell_server.models.monitoring.performance import measure_performance
from groundswell_server.models.monitoring.prometheus import ModelGauges
from groundswell_server.models.registry import Fetched
from groundswell_server.models.rollouts.error_reporter import Sender
from groundswell_server.models.rollouts.rollout_membership import Coverage
from groundswell_server.operations.messages import to_proto
from groundswell_server.runtime.background import together
from groundswell_server.runtime.call import Call
from groundswell_server.runtime.methods import accepted_by, after, audits_itself, needs, read, write
from groundswell_server.services.dependencies import Dependencies
from groundswell_storage.engagement import prediction_facts
from groundswell_storage.events import decode_cursor
from groundswell_storage.learning import drift_reports, model_versions, online, training_schedules
from groundswell_storage.scope import Scope
from groundswell_storage.topics import ONLINE_LEARNED

if TYPE_CHECKING:
    from groundswell_server.learning.answers import Serving


class Servicer(PatternCalls):
    """The servicer of LearningService; its calls about patterns stand in their own folder."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies
        self._jobs = dependencies.jobs
        self._store = ArtifactStore(dependencies.settings.ml_model_path)
        self._store.check()
        self._target_age = timedelta(days=dependencies.settings.ml_target_age_days)
        self._coverage = Coverage(dependencies.peers)
        self._sender = Sender(dependencies.executor, dependencies.peers, self._coverage, self._target_age)
        self.collector = ModelGauges(dependencies.database)

    @cached_property
    def _serving(self) -> Serving:
        # NumPy comes with it: a server answers before it has that, and loads it beside the event loop.
        from groundswell_server.learning.answers import Serving

        threshold = self._dependencies.settings.success_threshold_pct
        return Serving(
            self._dependencies.executor,
            self._store,
            self._coverage,
            target_age=self._target_age,
            success_threshold_pct=threshold,
        )

    async def run(self) -> None:
        """Loads what predictions need, keeps what is remembered true, and tells rollouts how far off they were."""
        await asyncio.to_thread(import_module, "groundswell_server.learning.answers")
        try:
            feed = self._dependencies.feed
            await together(partial(self._serving.follow, feed), partial(self._sender.run, feed))
        finally:
            await self._serving.flush()

    async def _fetch(self, call: Call, find: Find) -> Fetched:
        return await fetch(self._dependencies.executor, self._store, call.workspace, call.now, find)

    @write
    @audits_itself
    def TrainModel(self, request: pb.TrainModelRequest, scope: Scope) -> pb.TrainModelResponse:
        if request.persona_id:
            prediction_facts.persona_facts(scope, request.persona_id)
        operation = self._jobs.start(scope, "learning.train_model", messages.pinned(request, scope.now))
        return pb.TrainModelResponse(operation=to_proto(operation))

    @read
    def ListModels(self, request: pb.ListModelsRequest, scope: Scope) -> pb.ListModelsResponse:
        page = model_versions.list_versions(
            scope,
            model_type=messages.model_type_in(request),
            stage=messages.stage_in(request),
            **paging_in(request),
        ).map(messages.model_message)
        return pb.ListModelsResponse(models=page.items, next_page_token=page.next_page_token)

    @read
    def GetModel(self, request: pb.GetModelRequest, scope: Scope) -> pb.GetModelResponse:
        return pb.GetModelResponse(model=messages.model_message(model_versions.get_version(scope, request.model_id)))

    async def _to_promote(self, request: pb.PromoteModelRequest, call: Call) -> Fetched:
        return await self._fetch(call, lambda scope: model_versions.get_version(scope, request.model_id))

    @write
    @audits_itself
    @after(_to_promote)
    def PromoteModel(self, request: pb.PromoteModelRequest, scope: Scope, fetched: Fetched) -> pb.PromoteModelResponse:
        promotion = registry.promote(scope, request.model_id, force=request.force, fetched=fetched)
        return pb.PromoteModelResponse(**messages.promotion_fields(promotion))

    async def _to_roll_back(self, request: pb.RollBackModelRequest, call: Call) -> Fetched:
        model_type = messages.model_type_in(request)
        return await self._fetch(call, lambda scope: registry.way_back(scope, model_type, request.model_id))

    @write
    @audits_itself
    @after(_to_roll_back)
    def RollBackModel(
        self, request: pb.RollBackModelRequest, scope: Scope, fetched: Fetched
    ) -> pb.RollBackModelResponse:
        model_type = messages.model_type_in(request)
        promotion = registry.roll_back(scope, model_type, request.model_id, fetched=fetched)
        return pb.RollBackModelResponse(**messages.promotion_fields(promotion))

    @write
    @audits_itself
    def DeleteModel(self, request: pb.DeleteModelRequest, scope: Scope) -> pb.DeleteModelResponse:
        registry.delete(scope, request.model_id)
        return pb.DeleteModelResponse()

    @read
    def GetFeatureImportance(
        self, request: pb.GetFeatureImportanceRequest, scope: Scope
    ) -> pb.GetFeatureImportanceResponse:
        model_type = messages.model_type_in(request, default=registry.ENGAGEMENT)
        return messages.importance_message(registry.version_or_live(scope, request.model_id, model_type))

    async def GetModelPerformance(
        self, request: pb.GetModelPerformanceRequest, call: Call
    ) -> pb.GetModelPerformanceResponse:
        await self._serving.flush()
        return await call.read(self._performance, request)

    def _performance(self, scope: Scope, request: pb.GetModelPerformanceRequest) -> pb.GetModelPerformanceResponse:
        model_type = messages.model_type_in(request, default=registry.ENGAGEMENT)
        version = registry.version_or_live(scope, request.model_id, model_type)
        period = monitoring_messages.period_in(request, self._target_age, scope.now)
        return monitoring_messages.performance_message(measure_performance(scope, version, period))

    @write
    @needs("groundswell_server.models.drift.assessment")
    def CheckDrift(self, request: pb.CheckDriftRequest, scope: Scope) -> pb.CheckDriftResponse:
        model_type = messages.model_type_in(request, default=registry.ENGAGEMENT)
        version = registry.version_or_live(scope, request.model_id, model_type)
        report = check_drift(scope, version, self._target_age)
        return pb.CheckDriftResponse(report=monitoring_messages.report_message(report))

    @read
    def ListDriftReports(self, request: pb.ListDriftReportsRequest, scope: Scope) -> pb.ListDriftReportsResponse:
        page = drift_reports.list_reports(
            scope,
            model_type=messages.model_type_in(request),
            model_id=request.model_id,
            status=monitoring_messages.status_in(request),
            **paging_in(request),
        ).map(monitoring_messages.report_message)
        return pb.ListDriftReportsResponse(reports=page.items, next_page_token=page.next_page_token)

    @write
    @audits_itself
    def ScheduleTraining(self, request: pb.ScheduleTrainingRequest, scope: Scope) -> pb.ScheduleTrainingResponse:
        plan = monitoring_messages.plan_in(request, self._dependencies.settings)
        schedule = training_schedules.put(scope, plan, monitoring_messages.first_check_in(request, scope.now))
        return pb.ScheduleTrainingResponse(schedule=monitoring_messages.schedule_message(schedule))

    async def WatchModel(self, request: pb.WatchModelRequest, call: Call) -> AsyncIterator[pb.WatchModelResponse]:
        cursor = request.cursor or self._dependencies.feed.cursor
        decode_cursor(cursor)
        yield watching.state_message(cursor, await call.read(online.find, registry.ENGAGEMENT))
        async for batch in self._dependencies.feed.follow(
            cursor, topics=(ONLINE_LEARNED,), workspace=call.workspace, heartbeat=BOOKMARK_EVERY
        ):
            for message in watching.lesson_messages(batch):
                yield message

    @write
    @audits_itself
    def CancelTrainingSchedule(
        self, request: pb.CancelTrainingScheduleRequest, scope: Scope
    ) -> pb.CancelTrainingScheduleResponse:
        training_schedules.remove(scope, messages.model_type_in(request))
        return pb.CancelTrainingScheduleResponse()

    async def PredictEngagement(self, request: pb.PredictEngagementRequest, call: Call) -> pb.PredictEngagementResponse:
        prepared = await self._serving.prepare(call.workspace, messages.content_query_in(request), registry.ENGAGEMENT)
        level = messages.level_in(request)
        served, predicted = self._serving.predict(prepared, registry.ENGAGEMENT, level)
        return messages.engagement_message(served, predicted, level)

    async def PredictSuccess(self, request: pb.PredictSuccessRequest, call: Call) -> pb.PredictSuccessResponse:
        prepared = await self._serving.prepare(call.workspace, messages.content_query_in(request), registry.SUCCESS)
        served, predicted = self._serving.predict(prepared, registry.SUCCESS)
        return messages.success_message(served, predicted, prepared.live.threshold_pct)

    async def PredictConversion(self, request: pb.PredictConversionRequest, call: Call) -> pb.PredictConversionResponse:
        prepared = await self._serving.prepare(call.workspace, messages.content_query_in(request), registry.CONVERSION)
        return labelling_messages.conversion_message(*self._serving.convert(prepared))

    async def ClassifyText(self, request: pb.ClassifyTextRequest, call: Call) -> pb.ClassifyTextResponse:
        found = await self._serving.classify(call.workspace, messages.model_type_in(request), request.texts[:])
        return labelling_messages.text_classes_message(found)

    async def ClassifyProfiles(self, request: pb.ClassifyProfilesRequest, call: Call) -> pb.ClassifyProfilesResponse:
        profiles = [labelling_messages.profile_in(profile) for profile in request.profiles]
        return labelling_messages.profile_classes_message(
            *await self._serving.classify_profiles(call.workspace, profiles)
        )

    async def AddTrainingExamples(
        self, requests: AsyncIterator[pb.AddTrainingExamplesRequest], call: Call
    ) -> pb.AddTrainingExamplesResponse:
        total = examples.Added()
        async for request in requests:
            batch = labelling_messages.examples_in(request)
            total += await call.write(examples.add_examples, messages.model_type_in(request), *batch)
        return labelling_messages.added_message(total)

    @write
    @audits_itself
    def DeleteTrainingExamples(
        self, request: pb.DeleteTrainingExamplesRequest, scope: Scope
    ) -> pb.DeleteTrainingExamplesResponse:
        model_type = messages.model_type_in(request)
        deleted = examples.delete_examples(scope, model_type, request.persona_id, request.client_ids)
        return pb.DeleteTrainingExamplesResponse(deleted_count=deleted)

    @accepted_by(accepts_content)
    async def ScoreContent(self, request: pb.ScoreContentRequest, call: Call) -> pb.ScoreContentResponse:
        prepared = await self._serving.prepare(call.workspace, messages.content_query_in(request))
        response = pb.ScoreContentResponse()
        messages.fill_score(response.score, self._serving.score(prepared), prepared.live)
        return response

    @accepted_by(accepts_contents)
    async def BatchScoreContent(self, request: pb.BatchScoreContentRequest, call: Call) -> pb.BatchScoreContentResponse:
        sources = [messages.content_query_in(one, f"requests[{place}].") for place, one in enumerate(request.requests)]
        scores, lives = await self._serving.score_all(call.workspace, sources)
        return messages.scores_message(scores, lives)

    async def OptimizeContent(self, request: pb.OptimizeContentRequest, call: Call) -> pb.OptimizeContentResponse:
        prepared = await self._serving.prepare(call.workspace, messages.content_query_in(request))
        found = await asyncio.to_thread(prepared.optimize, *messages.aim_in(request))
        self._serving.note(prepared, found.current)
        return messages.optimization_message(found, prepared.live)

    @read
    def PredictTiming(self, request: pb.PredictTimingRequest, scope: Scope) -> pb.PredictTimingResponse:
        query = messages.timing_query_in(request, self._target_age, scope.now)
        return messages.timing_message(best_hours(scope, query), request.top_k)
