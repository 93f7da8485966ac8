"""EngagementService: each method decodes the request, makes one domain call and encodes the result."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial

from groundswell.v1 import engagement_pb2 as pb
from groundswell_server.conversions.protobuf_conversions import paging_in, time_in
from groundswell_server.engagement import change_feed, configuration, messages, personas, workspace_settings
from groundswell_server.engagement.analysis.audience import analyze_audience
from groundswell_server.engagement.best_hour import analyze_with_best_hour
from groundswell_server.engagement.connections import connections, token_vault
from groundswell_server.engagement.contexts import contexts
from groundswell_server.engagement.ingestion import post_imports, post_metrics
from groundswell_server.engagement.interactions import interactions
from groundswell_server.engagement.interactions.intake import Intake
from groundswell_server.engagement.metrics.timeline import timeline_of_post
from groundswell_server.engagement.posts import posts
from groundswell_server.engagement.sync.budget_gauges import BudgetGauges
from groundswell_server.engagement.trained_detectors import TrainedDetectors
from groundswell_server.events.watch_streams import watch
from groundswell_server.operations.messages import to_proto
from groundswell_server.runtime.background_tasks import together
from groundswell_server.runtime.call import Call
from groundswell_server.runtime.methods import rpc
from groundswell_server.services.dependencies import Dependencies
from groundswell_storage.engagement.enums import PiiFilter, Rating
from groundswell_storage.engagement.enums import Platform as SocialPlatform
from groundswell_storage.scope import Scope


class Servicer:
    """The servicer of EngagementService."""

    def __init__(self, dependencies: Dependencies) -> None:
        settings = dependencies.settings
        self._feed = dependencies.feed
        self._peers = dependencies.peers
        self._jobs = dependencies.jobs
        self._settings = settings
        self._thresholds = configuration.thresholds(settings)
        self._target_age = configuration.target_age(settings)
        self._detectors = TrainedDetectors(dependencies.peers)
        self._intake = Intake(configuration.filter_settings(settings), self._thresholds, self._detectors)
        self.collector = BudgetGauges(dependencies.database, settings)

    async def run(self) -> None:
        """Follows the promotion of detectors, and loads the filter on a thread beside the event loop."""
        await together(partial(self._detectors.follow, self._feed), partial(asyncio.to_thread, self._intake.load))

    @rpc
    def CreatePersona(self, request: pb.CreatePersonaRequest, scope: Scope) -> pb.CreatePersonaResponse:
        persona = personas.create_persona(scope, messages.persona_draft(request))
        return pb.CreatePersonaResponse(persona=messages.persona_message(persona))

    @rpc
    def GetPersona(self, request: pb.GetPersonaRequest, scope: Scope) -> pb.GetPersonaResponse:
        return pb.GetPersonaResponse(persona=messages.persona_message(personas.get_persona(scope, request.persona_id)))

    @rpc
    def ListPersonas(self, request: pb.ListPersonasRequest, scope: Scope) -> pb.ListPersonasResponse:
        page = personas.list_personas(
            scope, niche=request.niche, show_deleted=request.show_deleted, **paging_in(request)
        ).map(messages.persona_message)
        return pb.ListPersonasResponse(personas=page.items, next_page_token=page.next_page_token)

    @rpc
    def UpdatePersona(self, request: pb.UpdatePersonaRequest, scope: Scope) -> pb.UpdatePersonaResponse:
        changes = messages.persona_changes(request)
        persona = personas.update_persona(scope, request.persona_id, changes, request.persona.etag)
        return pb.UpdatePersonaResponse(persona=messages.persona_message(persona))

    @rpc
    def DeletePersona(self, request: pb.DeletePersonaRequest, scope: Scope) -> pb.DeletePersonaResponse:
        persona = personas.delete_persona(scope, request.persona_id)
        return pb.DeletePersonaResponse(persona=messages.persona_message(persona))

    @rpc
    def StartContext(self, request: pb.StartContextRequest, scope: Scope) -> pb.StartContextResponse:
        context = contexts.start_context(scope, messages.context_draft(request))
        return pb.StartContextResponse(context=messages.context_message(context))

    @rpc
    def UpdateContext(self, request: pb.UpdateContextRequest, scope: Scope) -> pb.UpdateContextResponse:
        changes = messages.context_changes(request)
        context = contexts.update_context(scope, request.context_id, changes, request.context.etag)
        return pb.UpdateContextResponse(context=messages.context_message(context))

    @rpc
    def FinishContext(self, request: pb.FinishContextRequest, scope: Scope) -> pb.FinishContextResponse:
        context = contexts.finish_context(scope, request.context_id, messages.context_end(request))
        return pb.FinishContextResponse(context=messages.context_message(context))

    @rpc
    def GetContext(self, request: pb.GetContextRequest, scope: Scope) -> pb.GetContextResponse:
        return pb.GetContextResponse(context=messages.context_message(contexts.get_context(scope, request.context_id)))

    @rpc
    def ListContexts(self, request: pb.ListContextsRequest, scope: Scope) -> pb.ListContextsResponse:
        page = contexts.list_contexts(
            scope,
            persona_id=request.persona_id,
            phase=request.phase,
            state=request.state,
            validation=request.validation,
            **paging_in(request),
        ).map(messages.context_message)
        return pb.ListContextsResponse(contexts=page.items, next_page_token=page.next_page_token)

    @rpc
    def SubmitFeedback(self, request: pb.SubmitFeedbackRequest, scope: Scope) -> pb.SubmitFeedbackResponse:
        context = contexts.submit_feedback(scope, request.context_id, Rating(request.rating), request.comment)
        return pb.SubmitFeedbackResponse(context=messages.context_message(context))

    @rpc
    def CreatePost(self, request: pb.CreatePostRequest, scope: Scope) -> pb.CreatePostResponse:
        draft = messages.post_draft(request, persona_id=request.persona_id, context_id=request.context_id)
        return pb.CreatePostResponse(post=messages.post_message(posts.create_post(scope, draft)))

    @rpc
    def GetPost(self, request: pb.GetPostRequest, scope: Scope) -> pb.GetPostResponse:
        return pb.GetPostResponse(post=messages.post_message(posts.get_post(scope, request.post_id)))

    @rpc
    def ListPosts(self, request: pb.ListPostsRequest, scope: Scope) -> pb.ListPostsResponse:
        page = posts.list_posts(scope, messages.post_filter(request), **paging_in(request)).map(messages.post_message)
        return pb.ListPostsResponse(posts=page.items, next_page_token=page.next_page_token)

    @rpc
    def UpdatePost(self, request: pb.UpdatePostRequest, scope: Scope) -> pb.UpdatePostResponse:
        post = posts.update_post(scope, request.post_id, messages.post_changes(request), request.post.etag)
        return pb.UpdatePostResponse(post=messages.post_message(post))

    @rpc
    def DeletePost(self, request: pb.DeletePostRequest, scope: Scope) -> pb.DeletePostResponse:
        posts.delete_post(scope, request.post_id)
        return pb.DeletePostResponse()

    @rpc
    def RecordMetrics(self, request: pb.RecordMetricsRequest, scope: Scope) -> pb.RecordMetricsResponse:
        counts, fetched = messages.counts_in(request.metrics), time_in(request, "fetch_time")
        reached = messages.demographics_in(request)
        measured = post_metrics.record_metrics(
            scope, request.post_id, counts, fetched, self._thresholds, self._target_age, reached
        )
        return messages.measured_message(measured)

    @rpc
    async def RecordInteractions(
        self, requests: AsyncIterator[pb.RecordInteractionsRequest], call: Call
    ) -> pb.RecordInteractionsResponse:
        batches = ((request.post_id, messages.new_interactions(request)) async for request in requests)
        total, touched = await self._intake.record_batches(call, batches)
        return messages.recorded_message(total, touched)

    @rpc
    def ListInteractions(self, request: pb.ListInteractionsRequest, scope: Scope) -> pb.ListInteractionsResponse:
        page = interactions.list_interactions(
            scope, request.post_id, verdict=request.verdict, kind=request.kind, **paging_in(request)
        ).map(messages.interaction_message)
        return pb.ListInteractionsResponse(interactions=page.items, next_page_token=page.next_page_token)

    @rpc
    async def AnalyzePost(self, request: pb.AnalyzePostRequest, call: Call) -> pb.AnalyzePostResponse:
        analyzed = await analyze_with_best_hour(call, self._peers, request.post_id, self._target_age)
        return messages.analysis_message(analyzed)

    @rpc
    def AnalyzeAudience(self, request: pb.AnalyzeAudienceRequest, scope: Scope) -> pb.AnalyzeAudienceResponse:
        start, end = time_in(request, "start_time"), time_in(request, "end_time")
        return messages.audience_message(analyze_audience(scope, request.persona_id, request.platform, start, end))

    @rpc
    def GetTimeline(self, request: pb.GetTimelineRequest, scope: Scope) -> pb.GetTimelineResponse:
        start, end = time_in(request, "start_time"), time_in(request, "end_time")
        return messages.timeline_message(timeline_of_post(scope, request.post_id, start, end))

    @rpc
    def ConnectPlatform(self, request: pb.ConnectPlatformRequest, scope: Scope) -> pb.ConnectPlatformResponse:
        vault = token_vault.open_vault(scope.database, token_vault.sealer_of(self._settings))
        connection = connections.connect(scope, messages.connection_draft(request), vault)
        return pb.ConnectPlatformResponse(connection=messages.connection_message(connection))

    @rpc
    def DisconnectPlatform(self, request: pb.DisconnectPlatformRequest, scope: Scope) -> pb.DisconnectPlatformResponse:
        connections.disconnect(scope, request.persona_id, SocialPlatform(request.platform))
        return pb.DisconnectPlatformResponse()

    @rpc
    def ListPlatforms(self, request: pb.ListPlatformsRequest, scope: Scope) -> pb.ListPlatformsResponse:
        page = connections.list_connections(scope, persona_id=request.persona_id, **paging_in(request)).map(
            messages.connection_message
        )
        return pb.ListPlatformsResponse(connections=page.items, next_page_token=page.next_page_token)

    @rpc
    def GetEngagementSettings(
        self, request: pb.GetEngagementSettingsRequest, scope: Scope
    ) -> pb.GetEngagementSettingsResponse:
        settings = workspace_settings.read_settings(scope)
        return pb.GetEngagementSettingsResponse(settings=messages.settings_message(settings))

    @rpc
    def UpdateEngagementSettings(
        self, request: pb.UpdateEngagementSettingsRequest, scope: Scope
    ) -> pb.UpdateEngagementSettingsResponse:
        pii_filter = PiiFilter(request.pii_filter)
        changed = workspace_settings.update_settings(scope, pii_filter, request.reason, request.etag)
        return pb.UpdateEngagementSettingsResponse(settings=messages.settings_message(changed))

    @rpc
    def SyncPosts(self, request: pb.SyncPostsRequest, scope: Scope) -> pb.SyncPostsResponse:
        personas.check_active(scope, request.persona_ids)
        operation = self._jobs.start(scope, "engagement.sync_posts", messages.pinned_sync(request, scope.now))
        return pb.SyncPostsResponse(operation=to_proto(operation))

    @rpc
    async def WatchEngagement(
        self, request: pb.WatchEngagementRequest, call: Call
    ) -> AsyncIterator[pb.WatchEngagementResponse]:
        batches = watch(self._feed, request.cursor, topics=change_feed.TOPICS, workspace=call.workspace)
        async for change in change_feed.changes_of(call, batches, messages.change_filter(request)):
            yield messages.change_message(change)

    @rpc
    async def ImportPosts(self, requests: AsyncIterator[pb.ImportPostsRequest], call: Call) -> pb.ImportPostsResponse:
        total = post_imports.Imported()
        async for request in requests:
            total += await call.write(self._import, request)
        return messages.import_message(total)

    def _import(self, scope: Scope, request: pb.ImportPostsRequest) -> post_imports.Imported:
        rows, refused = messages.import_rows(request)
        return post_imports.import_posts(scope, rows, refused, self._thresholds)
