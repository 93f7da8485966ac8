"""Past posts as training examples, each with the facts known before it and its outcome.

Apart from the outcome, nothing that happened after the publication is read: the context is the snapshot taken at
posting, the followers are those of that moment, and the trailing record is that of that moment.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from groundswell_server.learning.features.captions import describe_caption
from groundswell_server.learning.features.post_facts import UNKNOWN_TRAILING, Example, PostFacts, Trailing
from groundswell_server.learning.features.trailing_record import WINDOW, PastPost, TrailingRecord
from groundswell_server.models.model_type import TrainingSpan
from groundswell_storage.engagement import learning_rows
from groundswell_storage.engagement.learning_rows import OutcomeRow, TrainingRow
from groundswell_storage.scope import Scope

_EVER = datetime(1900, 1, 1, tzinfo=UTC)
"""Earlier than all posts."""


def read_examples(scope: Scope, span: TrainingSpan) -> list[Example]:
    """Reads the posts of a span as examples, oldest first."""
    rows = list(
        learning_rows.training_rows(
            scope,
            since=span.as_of - span.lookback,
            until=span.as_of,
            target_age=span.target_age,
            known_by=span.as_of,
            persona_id=span.persona_id or None,
        )
    )
    return with_trailing_record(scope, span, rows)


def with_trailing_record(scope: Scope, span: TrainingSpan, rows: Sequence[TrainingRow]) -> list[Example]:
    """Returns posts as examples, each with the trailing record of its persona at publication."""
    records = trailing_records(
        learning_rows.outcome_rows(
            scope,
            target_age=span.target_age,
            known_until=span.as_of,
            published_from=rows[0].publish_time - WINDOW if rows else span.as_of,
            persona_id=span.persona_id or None,
        )
    )
    return [_example(row, records) for row in rows]


def read_examples_of(scope: Scope, post_ids: Sequence[str], target_age: timedelta) -> list[Example]:
    """Reads these posts as examples if their outcome is known, oldest first."""
    if not post_ids:
        return []
    rows = list(
        learning_rows.training_rows(
            scope, since=_EVER, until=scope.now, target_age=target_age, known_by=scope.now, post_ids=post_ids
        )
    )
    records: dict[tuple[str, int], TrailingRecord] = {}
    for persona_id, platform in {(row.persona_id, row.platform) for row in rows}:
        first = min(row.publish_time for row in rows if (row.persona_id, row.platform) == (persona_id, platform))
        outcomes = learning_rows.outcome_rows(
            scope,
            target_age=target_age,
            known_until=scope.now,
            published_from=first - WINDOW,
            persona_id=persona_id,
            platform=platform,
        )
        records |= trailing_records(outcomes)
    return [_example(row, records) for row in rows]


def trailing_records(outcomes: Iterable[OutcomeRow]) -> dict[tuple[str, int], TrailingRecord]:
    """Returns the record of each persona on each platform, from outcomes at one age, in the same way as serving."""
    histories: dict[tuple[str, int], list[PastPost]] = defaultdict(list)
    for row in outcomes:
        histories[row.persona_id, row.platform].append(past_post(row))
    return {key: TrailingRecord(history) for key, history in histories.items()}


def past_post(row: OutcomeRow) -> PastPost:
    """Returns a past post as it was known when its snapshot was fetched, without later corrections."""
    return PastPost(
        post_id=row.post_id,
        publish_time=row.publish_time,
        known_time=row.known,
        rate_pct=row.rate_pct,
        genuine_users=float(row.genuine_total),
        bot_share=row.bot_share,
    )


def _example(row: TrainingRow, records: dict[tuple[str, int], TrailingRecord]) -> Example:
    record = records.get((row.persona_id, row.platform))
    trailing = UNKNOWN_TRAILING if record is None else record.at(row.publish_time)
    return Example(
        facts=_facts(row, trailing),
        outcome=row.rate_pct,
        known_time=row.known,
        persona_id=row.persona_id,
        post_id=row.post_id,
    )


def _facts(row: TrainingRow, trailing: Trailing) -> PostFacts:
    described = describe_caption(row.caption, row.hashtags)
    return PostFacts(
        publish_time=row.publish_time,
        time_zone=row.time_zone,
        complexity=row.complexity,
        state=row.state,
        confidence=row.confidence,
        validation=row.validation,
        agent_assigned=row.agent_assigned,
        platform=row.platform,
        media_type=row.media_type,
        prompt_length=row.prompt_length,
        caption_length=described.length,
        hashtag_count=described.hashtag_count,
        call_to_action=described.call_to_action,
        content_category=row.category,
        followers=row.follower_count,
        trailing=trailing,
    )
