"""The pattern calls of LearningService: each reads rows on database threads and computes off the event loop.

A computing module is imported where it runs. Importing SciPy takes a second, which only the first call that needs it
should wait for.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from groundswell_server.learning.patterns.query import PatternQuery, Read, read_contexts, read_posts
from groundswell_storage.engagement import pattern_rows, patterns

if TYPE_CHECKING:
    from groundswell_server.learning.patterns.analysis import Analysis
    from groundswell_server.learning.patterns.failures import Failures
    from groundswell_server.learning.patterns.hashtags import HashtagEffects
    from groundswell_server.learning.patterns.period_performance import Performance
    from groundswell_server.learning.patterns.recommendations import Recommendations
    from groundswell_server.learning.patterns.successes import Successes
    from groundswell_server.learning.patterns.suggestions import Suggestions

LONG_DAYS, RECENT_DAYS = 90, 30
"""The default lookbacks: of statistics, and of lists of what happened."""


async def analysis(read: Read, query: PatternQuery) -> Analysis:
    """Answers AnalyzePatterns."""
    query = query.or_last(LONG_DAYS)
    posts = await read_posts(read, query)

    def compute() -> Analysis:
        from groundswell_server.learning.patterns.analysis import analyze
        from groundswell_server.learning.patterns.sample import sample_of

        return analyze(sample_of(posts), query.lookback_days)

    return await asyncio.to_thread(compute)


async def recommendations(read: Read, query: PatternQuery, task_type: str, top_k: int) -> Recommendations:
    """Answers RecommendPatterns."""
    query = query.or_last(LONG_DAYS)
    posts = await read_posts(read, query)
    contexts = await read_contexts(read, query)
    kept = await read(patterns.kept_since, query.span().since, persona_id=query.persona_id, platform=query.platform)

    def compute() -> Recommendations:
        from groundswell_server.learning.patterns.recommendations import recommend
        from groundswell_server.learning.patterns.sample import sample_of

        return recommend(task_type, sample_of(posts), contexts, kept, top_k)

    return await asyncio.to_thread(compute)


async def successes(read: Read, query: PatternQuery, min_rate_pct: float | None, max_patterns: int) -> Successes:
    """Answers FindSuccessfulPatterns."""
    query = query.or_last(RECENT_DAYS)
    posts = await read_posts(read, query)

    def compute() -> Successes:
        from groundswell_server.learning.patterns.successes import find_successes

        return find_successes(posts, min_rate_pct, max_patterns)

    found = await asyncio.to_thread(compute)
    return found.with_makings(await read(pattern_rows.makings, [one.post_id for one in found.patterns]))


async def failures(read: Read, query: PatternQuery, max_examples: int) -> Failures:
    """Answers FindFailurePatterns."""
    query = query.or_last(RECENT_DAYS)
    contexts = await read_contexts(read, query)

    def compute() -> Failures:
        from groundswell_server.learning.patterns.failures import find_failures

        return find_failures(contexts, max_examples)

    return await asyncio.to_thread(compute)


async def hashtags(read: Read, query: PatternQuery, min_posts: int, top_k: int) -> HashtagEffects:
    """Answers GetEffectiveHashtags."""
    query = query.or_last(LONG_DAYS)
    posts = await read_posts(read, query)

    def compute() -> HashtagEffects:
        from groundswell_server.learning.patterns.hashtags import effective_hashtags
        from groundswell_server.learning.patterns.sample import sample_of

        return effective_hashtags(sample_of(posts), min_posts).top(top_k)

    return await asyncio.to_thread(compute)


async def performance(read: Read, query: PatternQuery, threshold_pct: float) -> Performance:
    """Answers SummarizePerformance."""
    query = query.or_last(RECENT_DAYS)
    posts = await read_posts(read, query, periods=2)
    contexts = await read_contexts(read, query, periods=2)

    def compute() -> Performance:
        from groundswell_server.learning.patterns.period_performance import summarize

        return summarize(posts, contexts, end=query.as_of, length=query.lookback, threshold_pct=threshold_pct)

    return await asyncio.to_thread(compute)


async def suggestions(read: Read, query: PatternQuery, max_suggestions: int) -> Suggestions:
    """Answers SuggestImprovements."""
    query = query.or_last(LONG_DAYS)
    posts = await read_posts(read, query)
    contexts = await read_contexts(read, query)

    def compute() -> Suggestions:
        from groundswell_server.learning.patterns.suggestions import suggest

        return suggest(posts, contexts, max_suggestions)

    return await asyncio.to_thread(compute)
