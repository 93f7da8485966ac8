"""LearningService: each call decodes its request, makes one domain call, and encodes the result."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from functools import cached_property, partial
from importlib import import_module
from typing import TYPE_CHECKING

from groundswell.v1 import learning_pb2 as pb
from groundswell_server.conversions.protobuf_conversions import fields_of, paging_in
from groundswell_server.events.watch_streams import watch
from groundswell_server.learning.enums import CONVERSION, ENGAGEMENT, SUCCESS
from groundswell_server.learning.labels import training_examples
from groundswell_server.learning.messages import (
    content,
    labels,
    models,
    online_model,
    performance,
    predictions,
    training_runs,
)
from groundswell_server.learning.messages import (
    drift_reports as drift_messages,
)
from groundswell_server.learning.messages.enums import model_type_in, stage_in
from groundswell_server.learning.messages.queries import timing_query_in
from groundswell_server.learning.online import outcome_events
from groundswell_server.learning.pattern_calls import PatternCalls
from groundswell_server.learning.serving.fast_accept import accepts_content, accepts_contents
from groundswell_server.learning.timing.best_hours import best_hours
from groundswell_server.models import registry
from groundswell_server.models.artifacts.artifact_store import ArtifactStore, Fetched, fetch_before_promotion
from groundswell_server.models.monitoring.drift_check import check_drift
from groundswell_server.models.monitoring.performance import measure_performance
from groundswell_server.models.monitoring.prometheus import ModelGauges
from groundswell_server.models.rollouts.error_reporter import ErrorReporter
from groundswell_server.models.rollouts.rollout_membership import RolloutMembership
from groundswell_server.operations.messages import to_proto
from groundswell_server.runtime.background_tasks import together
from groundswell_server.runtime.call import Call
from groundswell_server.runtime.methods import rpc
from groundswell_server.services.dependencies import Dependencies
from groundswell_storage.engagement import prediction_facts
from groundswell_storage.events.topics import ONLINE_LEARNED
from groundswell_storage.learning import drift_reports, model_versions, online, training_schedules
from groundswell_storage.learning.model_versions import ModelVersion
from groundswell_storage.scope import Scope

if TYPE_CHECKING:
    from groundswell_server.learning.live_predictions import LivePredictions


class Servicer(PatternCalls):
    """The servicer of LearningService; `PatternCalls` has its calls about patterns."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies
        self._jobs = dependencies.jobs
        self._store = ArtifactStore(dependencies.settings.ml_model_path)
        self._store.check()
        self._target_age = timedelta(days=dependencies.settings.ml_target_age_days)
        self._memberships = RolloutMembership(dependencies.peers)
        self._reporter = ErrorReporter(
            dependencies.executor,
            dependencies.peers,
            self._memberships,
            self._target_age,
            topics=outcome_events.TOPICS,
            read_changes=outcome_events.read_changes,
        )
        self.collector = ModelGauges(dependencies.database)

    @cached_property
    def _live(self) -> LivePredictions:
        # It imports NumPy. A server answers before that is loaded, beside the event loop.
        from groundswell_server.learning.live_predictions import LivePredictions

        threshold = self._dependencies.settings.success_threshold_pct
        return LivePredictions(
            self._dependencies.executor,
            self._store,
            self._memberships,
            target_age=self._target_age,
            success_threshold_pct=threshold,
        )

    async def run(self) -> None:
        """Loads the models' libraries, keeps caches consistent, and reports prediction errors to rollouts."""
        await asyncio.to_thread(import_module, "groundswell_server.learning.live_predictions")
        try:
            feed = self._dependencies.feed
            await together(partial(self._live.follow, feed), partial(self._reporter.run, feed))
        finally:
            await self._live.flush()

    async def _fetch(self, call: Call, find: Callable[[Scope], ModelVersion]) -> Fetched:
        return await fetch_before_promotion(self._dependencies.executor, self._store, call.workspace, call.now, find)

    @rpc
    def TrainModel(self, request: pb.TrainModelRequest, scope: Scope) -> pb.TrainModelResponse:
        if request.persona_id:
            prediction_facts.persona_facts(scope, request.persona_id)
        operation = self._jobs.start(scope, "learning.train_model", training_runs.with_as_of_time(request, scope.now))
        return pb.TrainModelResponse(operation=to_proto(operation))

    @rpc
    def ListModels(self, request: pb.ListModelsRequest, scope: Scope) -> pb.ListModelsResponse:
        model_type, stage = model_type_in(request), stage_in(request)
        page = model_versions.list_versions(scope, model_type=model_type, stage=stage, **paging_in(request))
        return pb.ListModelsResponse(models=map(models.model_message, page.items), next_page_token=page.next_page_token)

    @rpc
    def GetModel(self, request: pb.GetModelRequest, scope: Scope) -> pb.GetModelResponse:
        return pb.GetModelResponse(model=models.model_message(model_versions.get_version(scope, request.model_id)))

    async def _fetch_to_promote(self, request: pb.PromoteModelRequest, call: Call) -> Fetched:
        return await self._fetch(call, lambda scope: model_versions.get_version(scope, request.model_id))

    @rpc(prepare=_fetch_to_promote)
    def PromoteModel(self, request: pb.PromoteModelRequest, scope: Scope, fetched: Fetched) -> pb.PromoteModelResponse:
        promotion = registry.promote(scope, request.model_id, force=request.force, fetched=fetched)
        return pb.PromoteModelResponse(**models.promotion_fields(promotion))

    async def _fetch_to_roll_back(self, request: pb.RollBackModelRequest, call: Call) -> Fetched:
        model_type = model_type_in(request)
        return await self._fetch(call, lambda scope: registry.rollback_target(scope, model_type, request.model_id))

    @rpc(prepare=_fetch_to_roll_back)
    def RollBackModel(
        self, request: pb.RollBackModelRequest, scope: Scope, fetched: Fetched
    ) -> pb.RollBackModelResponse:
        promotion = registry.roll_back(scope, model_type_in(request), request.model_id, fetched=fetched)
        return pb.RollBackModelResponse(**models.promotion_fields(promotion))

    @rpc
    def DeleteModel(self, request: pb.DeleteModelRequest, scope: Scope) -> pb.DeleteModelResponse:
        registry.delete(scope, request.model_id)
        return pb.DeleteModelResponse()

    @rpc
    def GetFeatureImportance(
        self, request: pb.GetFeatureImportanceRequest, scope: Scope
    ) -> pb.GetFeatureImportanceResponse:
        version = registry.version_or_live(scope, request.model_id, model_type_in(request, default=ENGAGEMENT))
        return models.importance_message(version)

    @rpc
    async def GetModelPerformance(
        self, request: pb.GetModelPerformanceRequest, call: Call
    ) -> pb.GetModelPerformanceResponse:
        await self._live.flush()
        return await call.read(self._performance, request)

    def _performance(self, scope: Scope, request: pb.GetModelPerformanceRequest) -> pb.GetModelPerformanceResponse:
        version = registry.version_or_live(scope, request.model_id, model_type_in(request, default=ENGAGEMENT))
        period = performance.period_in(request, self._target_age, scope.now)
        return performance.performance_message(measure_performance(scope, version, period))

    @rpc(preload="groundswell_server.models.drift.assessment")
    def CheckDrift(self, request: pb.CheckDriftRequest, scope: Scope) -> pb.CheckDriftResponse:
        version = registry.version_or_live(scope, request.model_id, model_type_in(request, default=ENGAGEMENT))
        report = check_drift(scope, version, self._target_age)
        return pb.CheckDriftResponse(report=drift_messages.report_message(report))

    @rpc
    def ListDriftReports(self, request: pb.ListDriftReportsRequest, scope: Scope) -> pb.ListDriftReportsResponse:
        page = drift_reports.list_reports(
            scope,
            model_type=model_type_in(request),
            model_id=request.model_id,
            status=drift_messages.status_in(request),
            **paging_in(request),
        ).map(drift_messages.report_message)
        return pb.ListDriftReportsResponse(reports=page.items, next_page_token=page.next_page_token)

    @rpc
    def ScheduleTraining(self, request: pb.ScheduleTrainingRequest, scope: Scope) -> pb.ScheduleTrainingResponse:
        plan = training_runs.plan_in(request, self._dependencies.settings)
        schedule = training_schedules.put(scope, plan, training_runs.first_check_in(request, scope.now))
        return pb.ScheduleTrainingResponse(schedule=training_runs.schedule_message(schedule))

    @rpc
    async def WatchModel(self, request: pb.WatchModelRequest, call: Call) -> AsyncIterator[pb.WatchModelResponse]:
        feed = self._dependencies.feed
        batches = watch(feed, request.cursor, topics=(ONLINE_LEARNED,), workspace=call.workspace)
        start = await anext(batches)
        yield online_model.state_message(start.cursor, await call.read(online.find, ENGAGEMENT))
        async for batch in batches:
            for message in online_model.change_messages(batch):
                yield message

    @rpc
    def CancelTrainingSchedule(
        self, request: pb.CancelTrainingScheduleRequest, scope: Scope
    ) -> pb.CancelTrainingScheduleResponse:
        training_schedules.remove(scope, model_type_in(request))
        return pb.CancelTrainingScheduleResponse()

    @rpc
    async def PredictEngagement(self, request: pb.PredictEngagementRequest, call: Call) -> pb.PredictEngagementResponse:
        prepared = await self._live.prepare(call.workspace, content.content_query_in(request), ENGAGEMENT)
        level = predictions.level_in(request)
        return predictions.engagement_message(*self._live.predict(prepared, ENGAGEMENT, level), level)

    @rpc
    async def PredictSuccess(self, request: pb.PredictSuccessRequest, call: Call) -> pb.PredictSuccessResponse:
        prepared = await self._live.prepare(call.workspace, content.content_query_in(request), SUCCESS)
        predicted = self._live.predict(prepared, SUCCESS)
        return predictions.success_message(*predicted, prepared.live.threshold_pct)

    @rpc
    async def PredictConversion(self, request: pb.PredictConversionRequest, call: Call) -> pb.PredictConversionResponse:
        prepared = await self._live.prepare(call.workspace, content.content_query_in(request), CONVERSION)
        return predictions.conversion_message(*self._live.predict_conversion(prepared))

    @rpc
    async def ClassifyText(self, request: pb.ClassifyTextRequest, call: Call) -> pb.ClassifyTextResponse:
        found = await self._live.classify(call.workspace, model_type_in(request), request.texts[:])
        return labels.text_classes_message(found)

    @rpc
    async def ClassifyProfiles(self, request: pb.ClassifyProfilesRequest, call: Call) -> pb.ClassifyProfilesResponse:
        profiles = [labels.profile_in(profile) for profile in request.profiles]
        return labels.profile_classes_message(*await self._live.classify_profiles(call.workspace, profiles))

    @rpc
    async def AddTrainingExamples(
        self, requests: AsyncIterator[pb.AddTrainingExamplesRequest], call: Call
    ) -> pb.AddTrainingExamplesResponse:
        total = training_examples.Added()
        async for request in requests:
            batch = labels.examples_in(request)
            total += await call.write(training_examples.add_examples, model_type_in(request), *batch)
        return labels.added_message(total)

    @rpc
    def DeleteTrainingExamples(
        self, request: pb.DeleteTrainingExamplesRequest, scope: Scope
    ) -> pb.DeleteTrainingExamplesResponse:
        model_type = model_type_in(request)
        deleted = training_examples.delete_examples(scope, model_type, request.persona_id, request.client_ids)
        return pb.DeleteTrainingExamplesResponse(deleted_count=deleted)

    @rpc(accepts=accepts_content)
    async def ScoreContent(self, request: pb.ScoreContentRequest, call: Call) -> pb.ScoreContentResponse:
        prepared = await self._live.prepare(call.workspace, content.content_query_in(request))
        response = pb.ScoreContentResponse()
        content.fill_score(response.score, self._live.score(prepared), prepared.live)
        return response

    @rpc(accepts=accepts_contents)
    async def BatchScoreContent(self, request: pb.BatchScoreContentRequest, call: Call) -> pb.BatchScoreContentResponse:
        queries = content.content_queries_in(request)
        return content.scores_message(*await self._live.score_all(call.workspace, queries))

    @rpc
    async def OptimizeContent(self, request: pb.OptimizeContentRequest, call: Call) -> pb.OptimizeContentResponse:
        prepared = await self._live.prepare(call.workspace, content.content_query_in(request))
        found = await self._live.optimize(prepared, content.aim_in(request))
        return content.optimization_message(found, prepared.live)

    @rpc
    def PredictTiming(self, request: pb.PredictTimingRequest, scope: Scope) -> pb.PredictTimingResponse:
        query = timing_query_in(request, self._target_age, scope.now)
        return pb.PredictTimingResponse(**fields_of(best_hours(scope, query, request.top_k)))
