"""The hourly sync and the ages that something waits for: rejections, and the rates that models learn."""

from __future__ import annotations

from datetime import timedelta

import pytest

from groundswell.v1 import engagement_pb2 as pb
from groundswell_server.engagement.contexts.contexts import ContextDraft, get_context, start_context
from groundswell_server.engagement.jobs import SYNC, sync_hourly
from groundswell_storage.engagement import learning_rows, post_syncs, snapshots
from groundswell_storage.engagement.enums import Platform, SyncOutcome, Validation
from groundswell_storage.engagement.post_syncs import Overdue
from groundswell_storage.jobs import operations
from tests.engagement.platforms.studio import Studio
from tests.stand_in import Fault, StandInPost

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
REJECTION, TARGET = DAY, 7 * DAY
TIKTOK = Platform.TIKTOK


@pytest.fixture
def ava(studio: Studio) -> str:
    studio.connect(TIKTOK)
    return studio.persona()


def shown(studio: Studio, id: str, **given: object) -> StandInPost:
    """A post of the stand-in: a rate of 1 percent."""
    studio.stand_in.posts[id] = made = StandInPost(id, **{"likes": 10, "comments": 0, "views": 1000, **given})
    return made


def an_hour(studio: Studio, later: timedelta = HOUR) -> pb.SyncReport:
    """Runs the hourly job after some time."""
    studio.clock.sleep(later.total_seconds(), lambda: None)
    sync_hourly(studio.database, studio.settings, studio.clock.now())
    with studio.database.scope(studio.workspace) as scope:
        (asked,) = operations.under_way(scope, SYNC)
    ended = studio.work(asked)
    assert ended.state == "SUCCEEDED", f"{ended.error_reason}: {ended.error_message}"
    return pb.SyncReport.FromString(ended.response or b"")


def ages(studio: Studio, post_id: str) -> list[timedelta]:
    """At which ages, in whole hours, the post was measured."""
    with studio.database.scope(studio.workspace) as scope:
        kept = snapshots.list_for_post(scope, post_id)
    return [HOUR * ((row.fetch_time - row.publish_time) // HOUR) for row in kept]


def test_hourly_syncs_of_eight_days_reject_what_is_poor_and_give_models_their_target(studio: Studio, ava: str) -> None:
    with studio.database.scope(studio.workspace) as scope:
        context = start_context(scope, ContextDraft(phase="TEXT_GENERATION", persona_id=ava))
    shown(studio, "poor")
    post_id = studio.post(ava, TIKTOK, "poor", age=21.5 * HOUR, context_id=context.id)
    hours = [HOUR] * 6 + [23 * HOUR] * 6 + [HOUR] * 9
    for later in hours:
        an_hour(studio, later)
    assert ages(studio, post_id) == [HOUR * hour for hour in (22, 23, 24, 168)]
    with studio.database.scope(studio.workspace) as scope:
        assert get_context(scope, context.id).validation is Validation.REJECTED
        since, until = studio.start - 30 * DAY, scope.now
        (row,) = learning_rows.training_rows(scope, since=since, until=until, target_age=TARGET)
        assert (row.post_id, row.rate_pct) == (post_id, 1.0)


def test_an_explicit_sync_covers_no_older_posts_by_default(studio: Studio, ava: str) -> None:
    shown(studio, "old")
    studio.post(ava, TIKTOK, "old", age=30 * HOUR)
    assert studio.sync(hours=24).synced_count == 0
    assert studio.sync(hours=24, include_overdue=True).synced_count == 1


def test_what_was_missed_is_caught_up_for_a_week_but_failures_only_for_the_hours(studio: Studio, ava: str) -> None:
    ids = {}
    for name, age in {"missed": 3 * DAY, "lost": 15 * DAY, "broken": 3 * DAY}.items():
        shown(studio, name, fault=Fault.EMPTY if name == "broken" else None)
        ids[name] = studio.post(ava, TIKTOK, name, age=age)
    report = an_hour(studio)
    assert (report.synced_count, report.unknown_count) == (1, 1), "the missed one and, once, the one that fails"
    report = an_hour(studio)
    assert (report.synced_count, report.unknown_count) == (0, 0)
    assert ages(studio, ids["lost"]) == []
    shown(studio, "young", fault=Fault.EMPTY)
    studio.post(ava, TIKTOK, "young", age=20 * HOUR)
    seen = [an_hour(studio, later).unknown_count for later in (HOUR, 12 * HOUR, 12 * HOUR, 2 * HOUR)]
    assert seen == [1, 1, 1, 0], "until 24 hours after the age of 24 hours"


def test_what_an_operation_has_done_is_among_what_its_next_run_finds(studio: Studio, ava: str) -> None:
    shown(studio, "old")
    post_id = studio.post(ava, TIKTOK, "old", age=30 * HOUR)
    operation = studio.ask(include_overdue=True)
    (target,) = _overdue(studio, operation.id)
    with studio.database.scope(studio.workspace) as scope:
        post_syncs.note(scope, target, operation.id, outcome=SyncOutcome.SYNCED, sync_time=studio.clock.now())
        scope.execute("UPDATE post SET fetch_time = publish_time + ?", (2 * DAY // timedelta(microseconds=1),))
    assert [target.post_id for target in _overdue(studio, operation.id)] == [post_id]
    assert _overdue(studio, "another") == []


@pytest.mark.parametrize("age", [REJECTION, TARGET])
def test_overdue_posts_are_found_by_the_index_on_publication(studio: Studio, age: timedelta) -> None:
    with studio.database.scope(studio.workspace) as scope:
        overdue = Overdue(age, "", (0, 1), scope.now - 2 * age)
        statement, parameters = post_syncs.targets_statement(
            scope, scope.now - 3 * age, scope.now - age, [TIKTOK], [], overdue
        )
        if studio.database.dialect == "sqlite":
            plan = scope.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
            assert any("USING INDEX post_workspace_publish_time_id" in row[3] for row in plan), plan
            assert not any("SCAN" in row[3] for row in plan), plan
        else:
            scope.execute("SET LOCAL enable_seqscan = off")
            plan = scope.execute(f"EXPLAIN {statement}", parameters).fetchall()
            assert any("post_workspace_publish_time_id" in row[0] for row in plan), plan


def _overdue(studio: Studio, operation_id: str) -> list[post_syncs.SyncTarget]:
    """The posts of the day after the age of rejection that an operation finds overdue."""
    now = studio.clock.now()
    with studio.database.scope(studio.workspace) as scope:
        overdue = Overdue(REJECTION, operation_id, (0, 1), now - 2 * DAY)
        return post_syncs.targets(
            scope, since=now - 2 * DAY, until=now - DAY, platforms=[TIKTOK], persona_ids=[], overdue=overdue
        )
