"""One function for each call: reads on the database thread, slice by slice, and computes beside the event loop.

What computes is imported where it is run: SciPy takes a second, once, and no call waits for them but
the one that needs them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from groundswell_server.learning.patterns import reading
from groundswell_server.learning.patterns.query import Question
from groundswell_server.learning.patterns.reading import Read
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


async def analysis(read: Read, question: Question) -> Analysis:
    """AnalyzePatterns."""
    posts = await reading.posts(read, question)

    def compute() -> Analysis:
        from groundswell_server.learning.patterns.analysis import analyze
        from groundswell_server.learning.patterns.sample import sample_of

        return analyze(sample_of(posts))

    return await asyncio.to_thread(compute)


async def recommendations(read: Read, question: Question, task_type: str, top_k: int) -> Recommendations:
    """RecommendPatterns."""
    posts = await reading.posts(read, question)
    contexts = await reading.contexts(read, question)
    kept = await read(
        patterns.kept_since, question.span().since, persona_id=question.persona_id, platform=question.platform
    )
    return await asyncio.to_thread(_recommend, task_type, posts, contexts, kept, top_k)


async def successes(
    read: Read, question: Question, min_rate_pct: float, limit: int
) -> tuple[Successes, Sequence[SuccessfulPost]]:
    """FindSuccessfulPatterns: what was found, and the best posts with how they were made."""
    posts = await reading.posts(read, question)

    def compute() -> Successes:
        from groundswell_server.learning.patterns.successes import find_successes

        return find_successes(posts, min_rate_pct, limit)

    found = await asyncio.to_thread(compute)
    makings = await read(pattern_rows.makings, [one.post.post_id for one in found.best])
    return found, found.made(makings)


async def failures(read: Read, question: Question) -> Failures:
    """FindFailurePatterns."""
    contexts = await reading.contexts(read, question)

    def compute() -> Failures:
        from groundswell_server.learning.patterns.failures import find_failures

        return find_failures(contexts)

    return await asyncio.to_thread(compute)


async def hashtags(read: Read, question: Question, fewest: int) -> HashtagEffects:
    """GetEffectiveHashtags."""
    posts = await reading.posts(read, question)

    def compute() -> HashtagEffects:
        from groundswell_server.learning.patterns.hashtags import effective_hashtags
        from groundswell_server.learning.patterns.sample import sample_of

        return effective_hashtags(sample_of(posts), fewest)

    return await asyncio.to_thread(compute)


async def performance(read: Read, question: Question, threshold_pct: float) -> Performance:
    """SummarizePerformance."""
    posts = await reading.posts(read, question, periods=2)
    contexts = await reading.contexts(read, question, periods=2)

    def compute() -> Performance:
        from groundswell_server.learning.patterns.period_performance import summarize

        return summarize(posts, contexts, end=question.as_of, length=question.lookback, threshold_pct=threshold_pct)

    return await asyncio.to_thread(compute)


async def suggestions(read: Read, question: Question, limit: int) -> Suggestions:
    """SuggestImprovements."""
    posts = await reading.posts(read, question)
    contexts = await reading.contexts(read, question)

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
