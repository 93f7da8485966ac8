"""Imports of posts that were published earlier, row by row, with their counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from groundswell_server.engagement.contexts.outcomes import Thresholds
from groundswell_server.engagement.ingestion.context_outcomes import apply_metrics
from groundswell_server.engagement.ingestion.post_metrics import (
    check_counts,
    check_fetch,
    figures_of,
    snapshot_values,
    trailing_bot_share,
)
from groundswell_server.engagement.metrics.average_comparison import compare_imported
from groundswell_server.engagement.metrics.engagement_rates import Counts, genuine_engagement
from groundswell_server.engagement.metrics.verdict_tallies import Tallies
from groundswell_server.engagement.personas import Persona, persona_for_import
from groundswell_server.engagement.posts.posts import (
    PostDraft,
    context_at_posting,
    post_of,
    post_values,
)
from groundswell_storage.engagement import posts, snapshots
from groundswell_storage.engagement.contexts import ContextRow
from groundswell_storage.engagement.enums import Complexity, Confidence, ContextState, Platform, Validation
from groundswell_storage.engagement.posts import MeasuredPost, PostRow
from groundswell_storage.errors import InvalidArgument
from groundswell_storage.events.topics import CONTEXT_CHANGED, POST_CHANGED
from groundswell_storage.scope import Scope

PHASE = "SOCIAL_MEDIA_CONTENT"
"""Phase of the contexts of imported posts with data about their generation."""
MAX_REPORTED = 1000
"""Refused rows that a report names."""


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One row of an import."""

    line: int
    """Line in the source."""
    persona_name: str
    draft: PostDraft
    """The post, without a persona."""
    time_zone: str = ""
    """Time zone of a persona that is created."""
    follower_count: int | None = None
    """Followers of the persona on the platform at the time of posting."""
    counts: Counts | None = None
    """None when unknown."""
    fetch_time: datetime | None = None
    """Time of the counts; now when None."""
    context_input: dict[str, Any] | None = None
    """Input of the generation, when known."""
    complexity: Complexity = Complexity.UNSPECIFIED


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that was not imported."""

    line: int
    platform_post_id: str
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Imported:
    """The result of an import, or of one batch."""

    imported_count: int = 0
    duplicate_count: int = 0
    refused_count: int = 0
    refused_rows: tuple[RefusedRow, ...] = ()
    """The first `MAX_REPORTED` of them."""
    created_personas: tuple[Persona, ...] = ()

    def __add__(self, other: Imported) -> Imported:
        """Adds the results of two batches."""
        return Imported(
            self.imported_count + other.imported_count,
            self.duplicate_count + other.duplicate_count,
            self.refused_count + other.refused_count,
            (*self.refused_rows, *other.refused_rows)[:MAX_REPORTED],
            self.created_personas + other.created_personas,
        )


@dataclass(slots=True)
class _Batch:
    """The rows that a batch is going to write."""

    posts: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Columns by post id."""
    snapshots: list[dict[str, Any]] = field(default_factory=list)
    contexts: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Columns by post id."""
    refused: list[RefusedRow] = field(default_factory=list)
    personas: dict[str, Persona] = field(default_factory=dict)
    """By name."""
    created: list[Persona] = field(default_factory=list)


def import_posts(
    scope: Scope, rows: Sequence[ImportRow], refused_before: Sequence[RefusedRow], thresholds: Thresholds
) -> Imported:
    """Adds the posts of a batch that are not stored yet.

    An invalid row is refused and does not stop the others. `refused_before` holds the rows that the caller has
    refused already.
    """
    fresh = _fresh(scope, rows)
    batch = _Batch()
    for row in fresh:
        try:
            _prepare(scope, batch, row)
        except InvalidArgument as error:
            batch.refused.append(refused_row(row.line, row.draft.platform_post_id, error))
    added = _write(scope, batch)
    _compare(scope, [batch.posts[id] for id in added])
    _react(scope, [id for id in added if id in batch.contexts], thresholds)
    for id in added:
        post = batch.posts[id]
        parents = {name: post[name] or "" for name in ("persona_id", "platform", "context_id")}
        scope.publish(POST_CHANGED, id, parents)
    duplicates = len(rows) - len(added) - len(batch.refused)
    all_refused = sorted([*refused_before, *batch.refused], key=lambda row: row.line)
    return Imported(len(added), duplicates, len(all_refused), tuple(all_refused[:MAX_REPORTED]), tuple(batch.created))


def refused_row(line: int, platform_post_id: str, error: InvalidArgument) -> RefusedRow:
    """Returns the report of an invalid row, which names the first invalid field."""
    return RefusedRow(line, platform_post_id, error.first.field, error.first.description)


def _fresh(scope: Scope, rows: Iterable[ImportRow]) -> list[ImportRow]:
    """Returns the rows whose posts are not stored, the first of those that name the same post."""
    first: dict[tuple[Platform, str], ImportRow] = {}
    for row in rows:
        first.setdefault((row.draft.platform, row.draft.platform_post_id), row)
    known: set[tuple[Platform, str]] = set()
    for platform in {platform for platform, _ in first}:
        ids = [id for at, id in first if at is platform]
        known.update((platform, id) for id in posts.ids_on_platform(scope, platform, ids))
    return [row for key, row in first.items() if key not in known]


def _prepare(scope: Scope, batch: _Batch, row: ImportRow) -> None:
    """Checks a row and computes its columns; raises InvalidArgument before it has any effect."""
    values = post_values(scope, row.draft, row.follower_count)
    fetched = None
    if row.counts is not None:
        fetched = check_fetch(scope, row.fetch_time, values["publish_time"])
        check_counts(row.counts, row.draft.platform)
    persona = _persona(scope, batch, row)
    values["persona_id"] = persona.id
    if row.follower_count is None:
        values["follower_count"] = persona.followers_on(row.draft.platform)
    if row.context_input is not None or row.complexity:
        batch.contexts[values["id"]] = context = _context(scope, values, row)
        values["context_id"] = context["id"]
    if row.counts is not None and fetched is not None:
        _measure(scope, batch, values, row.counts, fetched)
    batch.posts[values["id"]] = values


def _persona(scope: Scope, batch: _Batch, row: ImportRow) -> Persona:
    known = batch.personas.get(row.persona_name)
    if known is None:
        known, made = persona_for_import(scope, row.persona_name, row.time_zone)
        batch.personas[row.persona_name] = known
        if made:
            batch.created.append(known)
    return known


def _context(scope: Scope, post: dict[str, Any], row: ImportRow) -> dict[str, Any]:
    """Returns the columns of a context that ended when its post was published."""
    return {
        "id": scope.new_id(),
        "persona_id": post["persona_id"],
        "phase": PHASE,
        "complexity": row.complexity or Complexity.MEDIUM,
        "state": ContextState.DONE,
        "confidence": Confidence.HYPOTHESIS,
        "validation": Validation.PENDING,
        "input": row.context_input,
        "trace_artifacts": [],
        "start_time": post["publish_time"],
        "end_time": post["publish_time"],
        "create_time": scope.now,
        "update_time": scope.now,
    }


def _measure(scope: Scope, batch: _Batch, post: dict[str, Any], counts: Counts, fetch_time: datetime) -> None:
    """Adds a snapshot to the batch and its figures to the post."""
    share = trailing_bot_share(scope, post["persona_id"], post["platform"], post["publish_time"])
    genuine = genuine_engagement(counts, Platform(post["platform"]), (), share)
    snapshot_id = scope.new_id()
    batch.snapshots.append(snapshot_values(scope, snapshot_id, post, counts, fetch_time, genuine, Tallies()))
    post |= {"snapshot_id": snapshot_id, "fetch_time": fetch_time, **figures_of(counts, genuine)}


def _write(scope: Scope, batch: _Batch) -> list[str]:
    """Writes the batch and returns the ids of the new posts; another server may import the same rows."""
    new = posts.add(scope, list(batch.posts.values()))
    snapshots.add(scope, [snapshot for snapshot in batch.snapshots if snapshot["post_id"] in new])
    for post_id, values in batch.contexts.items():
        if post_id in new:
            context = scope.insert(ContextRow, **values)
            posts.add_context_snapshots(scope, [context_at_posting(post_id, context)])
            scope.publish(CONTEXT_CHANGED, context.id, {"persona_id": context.persona_id, "post_id": post_id})
    return [id for id in batch.posts if id in new]


def _compare(scope: Scope, added: Iterable[dict[str, Any]]) -> None:
    """Compares the new posts, and the posts after them, with the persona's average."""
    measured: dict[tuple[str, int], list[MeasuredPost]] = {}
    for post in added:
        if post.get("fetch_time") is not None:
            times = post["publish_time"], post["fetch_time"]
            figures = MeasuredPost(post["id"], *times, post["engagement_rate_pct"], None)
            measured.setdefault((post["persona_id"], post["platform"]), []).append(figures)
    for (persona_id, platform), imported in measured.items():
        compare_imported(scope, persona_id, platform, imported)


def _react(scope: Scope, post_ids: Sequence[str], thresholds: Thresholds) -> None:
    """Updates the contexts of the posts."""
    for row in scope.find_many(PostRow, post_ids).values():
        apply_metrics(scope, post_of(row), thresholds)
