"""LearningService's calls about patterns. Each decodes, makes one domain call, and encodes."""

from __future__ import annotations

from datetime import datetime, timedelta

from groundswell.v1 import learning_pb2 as pb
from groundswell_server.conversions.protobuf_conversions import fields_of
from groundswell_server.learning.messages.queries import pattern_query_in
from groundswell_server.learning.patterns import reports
from groundswell_server.learning.patterns.query import PatternQuery
from groundswell_server.runtime.call import Call
from groundswell_server.runtime.methods import rpc
from groundswell_server.services.dependencies import Dependencies


class PatternCalls:
    """The part of the servicer of LearningService that answers calls about patterns."""

    _dependencies: Dependencies
    _target_age: timedelta

    @rpc
    async def AnalyzePatterns(self, request: pb.AnalyzePatternsRequest, call: Call) -> pb.AnalyzePatternsResponse:
        found = await reports.analysis(call.read, self._query(request, call.now))
        return pb.AnalyzePatternsResponse(**fields_of(found))

    @rpc
    async def RecommendPatterns(self, request: pb.RecommendPatternsRequest, call: Call) -> pb.RecommendPatternsResponse:
        query = self._query(request, call.now)
        found = await reports.recommendations(call.read, query, request.task_type, request.top_k)
        return pb.RecommendPatternsResponse(**fields_of(found))

    @rpc
    async def FindSuccessfulPatterns(
        self, request: pb.FindSuccessfulPatternsRequest, call: Call
    ) -> pb.FindSuccessfulPatternsResponse:
        min_rate_pct = request.min_rate_pct if request.HasField("min_rate_pct") else None
        query = self._query(request, call.now)
        found = await reports.successes(call.read, query, min_rate_pct, request.max_patterns)
        return pb.FindSuccessfulPatternsResponse(**fields_of(found))

    @rpc
    async def FindFailurePatterns(
        self, request: pb.FindFailurePatternsRequest, call: Call
    ) -> pb.FindFailurePatternsResponse:
        found = await reports.failures(call.read, self._query(request, call.now), request.max_examples)
        return pb.FindFailurePatternsResponse(**fields_of(found))

    @rpc
    async def GetEffectiveHashtags(
        self, request: pb.GetEffectiveHashtagsRequest, call: Call
    ) -> pb.GetEffectiveHashtagsResponse:
        query = self._query(request, call.now)
        found = await reports.hashtags(call.read, query, request.min_posts, request.top_k)
        return pb.GetEffectiveHashtagsResponse(**fields_of(found))

    @rpc
    async def SummarizePerformance(
        self, request: pb.SummarizePerformanceRequest, call: Call
    ) -> pb.SummarizePerformanceResponse:
        threshold_pct = self._dependencies.settings.success_threshold_pct
        found = await reports.performance(call.read, self._query(request, call.now), threshold_pct)
        return pb.SummarizePerformanceResponse(**fields_of(found))

    @rpc
    async def SuggestImprovements(
        self, request: pb.SuggestImprovementsRequest, call: Call
    ) -> pb.SuggestImprovementsResponse:
        found = await reports.suggestions(call.read, self._query(request, call.now), request.max_suggestions)
        return pb.SuggestImprovementsResponse(**fields_of(found))

    def _query(self, request: object, now: datetime) -> PatternQuery:
        return pattern_query_in(request, self._target_age, now)
