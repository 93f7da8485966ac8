"""The report of a sync, read from the records of its posts, so that it covers all runs."""

from __future__ import annotations

from dataclasses import dataclass

from groundswell_server.engagement.sync.sync_plan import Plan
from groundswell_storage.engagement import post_syncs
from groundswell_storage.engagement.enums import Platform, SyncOutcome
from groundswell_storage.scope import Scope

_MAX_PROBLEMS = 100
_FINE = (SyncOutcome.SYNCED, SyncOutcome.UNKNOWN)


@dataclass(frozen=True, slots=True)
class SyncCount:
    """The number of posts of a platform with the same outcome."""

    platform: Platform
    outcome: SyncOutcome
    count: int


@dataclass(frozen=True, slots=True)
class SyncProblem:
    """A post that was not synced."""

    post_id: str
    outcome: SyncOutcome
    problem: str


@dataclass(frozen=True, slots=True)
class SyncReport:
    """The result of a sync."""

    synced_count: int
    fresh_count: int
    unknown_count: int
    failed_count: int
    unconnected_count: int
    interaction_count: int
    counts: tuple[SyncCount, ...]
    problems: tuple[SyncProblem, ...]


def report(scope: Scope, plan: Plan, operation_id: str) -> SyncReport:
    """Returns the report of an operation whose last run had this plan."""
    rows = post_syncs.tally(scope, operation_id)
    counts = tuple(SyncCount(Platform(platform), SyncOutcome(outcome), count) for platform, outcome, count, _ in rows)
    problems = post_syncs.failures(scope, operation_id, fine=_FINE, limit=_MAX_PROBLEMS)
    return SyncReport(
        synced_count=_sum(counts, SyncOutcome.SYNCED),
        fresh_count=plan.fresh,
        unknown_count=_sum(counts, SyncOutcome.UNKNOWN),
        failed_count=sum(each.count for each in counts if each.outcome not in _FINE),
        unconnected_count=plan.unconnected,
        interaction_count=sum(recorded for *_, recorded in rows),
        counts=counts,
        problems=tuple(SyncProblem(post_id, SyncOutcome(outcome), problem) for post_id, outcome, problem in problems),
    )


def _sum(counts: tuple[SyncCount, ...], outcome: SyncOutcome) -> int:
    return sum(each.count for each in counts if each.outcome is outcome)
