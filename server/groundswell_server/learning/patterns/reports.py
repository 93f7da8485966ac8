"""The pattern calls of LearningService: each reads rows on database threads and computes off the event loop.

A computing module is imported where it runs. Importing SciPy takes a second, which only the first call that needs it
should wait for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from groundswell_server.learning.patterns.query import PatternQuery, Read, read_contexts, read_posts
from groundswell_storage.engagement import pattern_rows, patterns
from groundswell_storage.engagement.pattern_rows import ContextRecord, PostRecord
from groundswell_storage.engagement.patterns import KeptPattern

if TYPE_CHECKING:
    from groundswell_server.learning.patterns.analysis import Analysis
    from groundswell_server.learning.patterns.failures import Failures
    from groundswell_server.learning.patterns.hashtags import HashtagEffects
    from groundswell_server.learning.patterns.period_performance import Performance
    from groundswell_server.learning.patterns.recommendations import Recommendations
    from groundswell_server.learning.patterns.successes import Successes, SuccessfulPost
    from groundswell_server.learning.patterns.suggestions import Suggestions


async def analysis(read: Read, query: PatternQuery) -> Analysis:
    """Answers AnalyzePatterns."""
    posts = await read_posts(read, query)

    def compute() -> Analysis:
        from groundswell_server.learning.patterns.analysis import analyze
        from groundswell_server.learning.patterns.sample import sample_of

        return analyze(sample_of(posts))

    return await asyncio.to_thread(compute)


async def recommendations(read: Read, query: PatternQuery, task_type: str, top_k: int) -> Recommendations:
    """Answers RecommendPatterns."""
    posts = await read_posts(read, query)
    contexts = await read_contexts(read, query)
    kept = await read(patterns.kept_since, query.span().since, persona_id=query.persona_id, platform=query.platform)
    return await asyncio.to_thread(_recommend, task_type, posts, contexts, kept, top_k)


async def successes(
    read: Read, query: PatternQuery, min_rate_pct: float, limit: int
) -> tuple[Successes, Sequence[SuccessfulPost]]:
    """Answers FindSuccessfulPatterns: the result, and the best posts with how they were made."""
    posts = await read_posts(read, query)

    def compute() -> Successes:
        from groundswell_server.learning.patterns.successes import find_successes

        return find_successes(posts, min_rate_pct, limit)

    found = await asyncio.to_thread(compute)
    makings = await read(pattern_rows.makings, [one.post.post_id for one in found.best])
    return found, found.made(makings)


async def failures(read: Read, query: PatternQuery) -> Failures:
    """Answers FindFailurePatterns."""
    contexts = await read_contexts(read, query)

    def compute() -> Failures:
        from groundswell_server.learning.patterns.failures import find_failures

        return find_failures(contexts)

    return await asyncio.to_thread(compute)


async def hashtags(read: Read, query: PatternQuery, min_posts: int) -> HashtagEffects:
    """Answers GetEffectiveHashtags."""
    posts = await read_posts(read, query)

    def compute() -> HashtagEffects:
        from groundswell_server.learning.patterns.hashtags import effective_hashtags
        from groundswell_server.learning.patterns.sample import sample_of

        return effective_hashtags(sample_of(posts), min_posts)

    return await asyncio.to_thread(compute)


async def performance(read: Read, query: PatternQuery, threshold_pct: float) -> Performance:
    """Answers SummarizePerformance."""
    posts = await read_posts(read, query, periods=2)
    contexts = await read_contexts(read, query, periods=2)

    def compute() -> Performance:
        from groundswell_server.learning.patterns.period_performance import summarize

        return summarize(posts, contexts, end=query.as_of, length=query.lookback, threshold_pct=threshold_pct)

    return await asyncio.to_thread(compute)


async def suggestions(read: Read, query: PatternQuery, limit: int) -> Suggestions:
    """Answers SuggestImprovements."""
    posts = await read_posts(read, query)
    contexts = await read_contexts(read, query)

    def compute() -> Suggestions:
        from groundswell_server.learning.patterns.suggestions import suggest

        return suggest(posts, contexts, limit)

    return await asyncio.to_thread(compute)


def _recommend(
    task_type: str,
    posts: Sequence[PostRecord],
    contexts: Sequence[ContextRecord],
    kept: Sequence[KeptPattern],
    top_k: int,
) -> Recommendations:
    from groundswell_server.learning.patterns.recommendations import recommend
    from groundswell_server.learning.patterns.sample import sample_of

    return recommend(task_type, sample_of(posts), contexts, kept, top_k)
