"""LearningService's calls about patterns: each decodes, asks, encodes. What computes runs beside the event loop."""

from __future__ import annotations

from datetime import datetime, timedelta

from groundswell.v1 import learning_pb2 as pb
from groundswell_server.learning.messages import patterns as messages
from groundswell_server.learning.patterns import reports
from groundswell_server.learning.patterns.query import PatternQuery
from groundswell_server.runtime.call import Call
from groundswell_server.runtime.methods import rpc
from groundswell_server.services.dependencies import Dependencies

_TOP_PATTERNS = 3
_MOST_SUCCESSES = 20
_EXAMPLES = 3
_TOP_HASHTAGS = 20
_FEWEST_POSTS = 5
_MOST_SUGGESTIONS = 10


class PatternCalls:
    """The part of the servicer that answers them."""

    _dependencies: Dependencies
    _target_age: timedelta

    @rpc
    async def AnalyzePatterns(self, request: pb.AnalyzePatternsRequest, call: Call) -> pb.AnalyzePatternsResponse:
        query = self._query(request, call.now, messages.LONG_DAYS)
        return messages.analysis_message(await reports.analysis(call.read, query), query.lookback_days)

    @rpc
    async def RecommendPatterns(self, request: pb.RecommendPatternsRequest, call: Call) -> pb.RecommendPatternsResponse:
        query = self._query(request, call.now, messages.LONG_DAYS)
        top_k = request.top_k or _TOP_PATTERNS
        found = await reports.recommendations(call.read, query, request.task_type, top_k)
        return messages.recommendations_message(found)

    @rpc
    async def FindSuccessfulPatterns(
        self, request: pb.FindSuccessfulPatternsRequest, call: Call
    ) -> pb.FindSuccessfulPatternsResponse:
        query = self._query(request, call.now, messages.RECENT_DAYS)
        limit = request.max_patterns or _MOST_SUCCESSES
        found, best = await reports.successes(call.read, query, messages.min_rate_in(request), limit)
        return messages.successes_message(found, best)

    @rpc
    async def FindFailurePatterns(
        self, request: pb.FindFailurePatternsRequest, call: Call
    ) -> pb.FindFailurePatternsResponse:
        found = await reports.failures(call.read, self._query(request, call.now, messages.RECENT_DAYS))
        return messages.failures_message(found, request.max_examples or _EXAMPLES)

    @rpc
    async def GetEffectiveHashtags(
        self, request: pb.GetEffectiveHashtagsRequest, call: Call
    ) -> pb.GetEffectiveHashtagsResponse:
        query = self._query(request, call.now, messages.LONG_DAYS)
        found = await reports.hashtags(call.read, query, request.min_posts or _FEWEST_POSTS)
        return messages.hashtags_message(found, request.top_k or _TOP_HASHTAGS)

    @rpc
    async def SummarizePerformance(
        self, request: pb.SummarizePerformanceRequest, call: Call
    ) -> pb.SummarizePerformanceResponse:
        query = self._query(request, call.now, messages.RECENT_DAYS)
        threshold = self._dependencies.settings.success_threshold_pct
        return messages.performance_message(await reports.performance(call.read, query, threshold))

    @rpc
    async def SuggestImprovements(
        self, request: pb.SuggestImprovementsRequest, call: Call
    ) -> pb.SuggestImprovementsResponse:
        query = self._query(request, call.now, messages.LONG_DAYS)
        found = await reports.suggestions(call.read, query, request.max_suggestions or _MOST_SUGGESTIONS)
        return messages.suggestions_message(found)

    def _query(self, request: object, now: datetime, days: int) -> PatternQuery:
        return messages.pattern_query_in(request, self._target_age, now, days)
