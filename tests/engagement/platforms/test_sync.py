"""A sync against the stand-in: what it records, what it leaves alone, what becomes of what fails."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from groundswell.v1.engagement_pb2 import SyncReport
from groundswell_server.engagement import personas
from groundswell_server.engagement.contexts.contexts import ContextDraft, start_context
from groundswell_server.engagement.interactions.interactions import list_interactions
from groundswell_server.engagement.workspace_settings import update_settings
from groundswell_server.jobs.job import Job
from groundswell_server.jobs.peer_loop import PeerLoop
from groundswell_storage.engagement import post_syncs, snapshots
from groundswell_storage.engagement.contexts import ContextRow
from groundswell_storage.engagement.enums import (
    ConnectionState,
    ContentType,
    PiiFilter,
    Platform,
    SyncOutcome,
    Validation,
)
from groundswell_storage.fields import from_micros
from tests.engagement.platforms.studio import Studio
from tests.jobs.running import lapse, take
from tests.stand_in import Fault, StandInPost
from tests.stand_in.wire import Reply

INSTAGRAM, FACEBOOK, TWITTER, TIKTOK = Platform.INSTAGRAM, Platform.FACEBOOK, Platform.TWITTER, Platform.TIKTOK
ALL = (INSTAGRAM, FACEBOOK, TWITTER, TIKTOK)


@pytest.fixture
def ava(studio: Studio) -> str:
    """A persona with every platform connected for all."""
    for platform in ALL:
        studio.connect(platform)
    return studio.persona()


def shown(studio: Studio, id: str, **given: object) -> StandInPost:
    """A post of the stand-in."""
    post = studio.stand_in.posts[id] = StandInPost(id, **given)  # type: ignore[arg-type]
    return post


def outcomes(studio: Studio, post_ids: list[str]) -> list[SyncOutcome]:
    """Returns the outcomes of posts."""
    with studio.database.scope(studio.workspace) as scope:
        found = {row.post_id: SyncOutcome(row.outcome) for row in scope.select(post_syncs.PostSyncRow)}
    return [found[id] for id in post_ids]


def test_counts_of_all_platforms_are_recorded_as_they_report_them(studio: Studio, ava: str) -> None:
    counts = {"likes": 240, "comments": 0, "shares": 13, "saves": 9, "reach": 4100, "views": 6000}
    ids = {}
    for platform in ALL:
        shown(studio, f"p{platform}", **counts)
        ids[platform] = studio.post(ava, platform, f"p{platform}")
    report = studio.sync()
    assert (report.synced_count, report.failed_count, report.fresh_count, report.unconnected_count) == (4, 0, 0, 0)
    read = {platform: studio.read(id).metrics for platform, id in ids.items()}
    told = {
        platform: {name: getattr(metrics, name) for name in metrics.__slots__}
        for platform, metrics in read.items()
        if metrics
    }
    known = {"likes": 240, "comments": 0, "shares": 13, "saves": 9}
    unknown = dict.fromkeys(["clicks", "impressions", "reach", "views"])
    assert told == {
        INSTAGRAM: {**unknown, **known, "reach": 4100, "views": 6000},
        FACEBOOK: {**unknown, **known, "saves": None, "clicks": 9, "impressions": 6000, "reach": 4100},
        TWITTER: {**unknown, **known, "impressions": 6000},
        TIKTOK: {**unknown, **known, "saves": None, "views": 6000},
    }


def test_the_context_learns_of_it_in_the_same_transaction(studio: Studio, ava: str) -> None:
    with studio.database.scope(studio.workspace) as scope:
        context = start_context(scope, ContextDraft(phase="TEXT_GENERATION", persona_id=ava))
    shown(studio, "good", likes=500, reach=1000)
    post_id = studio.post(ava, INSTAGRAM, "good", context_id=context.id)
    studio.sync()
    with studio.database.scope(studio.workspace) as scope:
        row = scope.get(ContextRow, context.id)
        assert (Validation(row.validation), row.metrics_post_id) == (Validation.APPROVED, post_id)
        (kept,) = snapshots.list_for_post(scope, post_id)
        assert (kept.likes, kept.reach) == (500, 1000)


def test_empty_sets_are_unknown_and_not_zero(studio: Studio, ava: str) -> None:
    ids = [studio.post(ava, platform, f"e{platform}") for platform in ALL]
    for platform in ALL:
        shown(studio, f"e{platform}", fault=Fault.EMPTY)
    report = studio.sync()
    assert (report.unknown_count, report.failed_count) == (4, 0)
    assert [studio.read(id).metrics for id in ids] == [None] * 4


def test_a_story_that_too_few_saw_is_unknown_and_a_missing_permission_is_not(studio: Studio, ava: str) -> None:
    shown(studio, "story", fault=Fault.TOO_FEW)
    shown(studio, "feed", fault=Fault.TOO_FEW)
    ids = [
        studio.post(ava, INSTAGRAM, "story", content_type=ContentType.STORY),
        studio.post(ava, INSTAGRAM, "feed"),
    ]
    studio.sync()
    assert outcomes(studio, ids) == [SyncOutcome.UNKNOWN, SyncOutcome.NOT_PERMITTED]


def test_one_failing_post_never_stops_the_rest(studio: Studio, ava: str) -> None:
    faults = {
        INSTAGRAM: (Fault.GONE, Fault.FORBIDDEN, Fault.BROKEN),
        FACEBOOK: (Fault.GONE, Fault.FORBIDDEN, Fault.BROKEN),
        TWITTER: (Fault.GONE, Fault.FORBIDDEN, Fault.POISON, Fault.IMPOSSIBLE),
        TIKTOK: (Fault.GONE, Fault.POISON),
    }
    expected = {}
    for platform, wrong in faults.items():
        for fault in wrong:
            shown(studio, f"{platform}{fault.name}", likes=10, views=100, fault=fault)
            expected[studio.post(ava, platform, f"{platform}{fault.name}")] = fault
        for number in range(5):
            expected[studio.post(ava, platform, f"{platform}fine{number}")] = None
    report = studio.sync()
    came = {
        None: SyncOutcome.SYNCED,
        Fault.GONE: SyncOutcome.GONE,
        Fault.FORBIDDEN: SyncOutcome.NOT_PERMITTED,
        Fault.BROKEN: SyncOutcome.UNAVAILABLE,
        Fault.POISON: SyncOutcome.REFUSED,
        Fault.IMPOSSIBLE: SyncOutcome.IMPOSSIBLE,
    }
    assert outcomes(studio, list(expected)) == [came[fault] for fault in expected.values()]
    assert (report.synced_count, report.failed_count) == (20, 12)
    assert len(report.problems) == 12
    assert all(problem.problem for problem in report.problems)
    assert studio.stand_in.refused_for_rate == 0


def test_a_failure_of_a_moment_is_gone_when_tried_again(studio: Studio, ava: str) -> None:
    for platform in ALL:
        shown(studio, f"h{platform}", likes=3, reach=100, views=100, hiccups=2)
        studio.post(ava, platform, f"h{platform}")
    assert studio.sync().synced_count == 4


def test_what_was_fetched_shortly_before_is_left_alone(studio: Studio, ava: str) -> None:
    studio.post(ava, TIKTOK, "young", timedelta(minutes=30))
    studio.post(ava, TIKTOK, "old", timedelta(hours=10))
    assert studio.sync().synced_count == 2
    asked = studio.stand_in.posts
    studio.clock.sleep(4 * 60, lambda: None)
    assert studio.sync().fresh_count == 2
    studio.clock.sleep(2 * 60, lambda: None)
    assert (studio.sync().fresh_count, asked["young"].asked, asked["old"].asked) == (1, 2, 1)
    studio.clock.sleep(10 * 60, lambda: None)
    assert studio.sync().synced_count == 2


def test_posts_of_the_last_hours_of_living_tracked_personas_are_synced_and_no_others(studio: Studio, ava: str) -> None:
    studio.post(ava, TWITTER, "recent", timedelta(hours=23))
    studio.post(ava, TWITTER, "earlier", timedelta(hours=25))
    studio.post(ava, Platform.OTHER, "elsewhere")
    deleted, shy = studio.persona("Deleted"), studio.persona("Shy")
    studio.post(deleted, TWITTER, "hidden")
    studio.post(shy, TWITTER, "untracked")
    with studio.database.scope(studio.workspace) as scope:
        personas.delete_persona(scope, deleted)
        scope.update(personas.PersonaRow, tracking_opt_out=True).where(personas.PersonaRow.id == shy).execute()
    assert studio.sync().synced_count == 1
    assert studio.sync(hours=26).synced_count == 1
    assert studio.stand_in.posts.keys() == {"recent", "earlier"}


def test_a_gone_post_is_asked_for_again_only_after_the_platform_was_connected_again(studio: Studio, ava: str) -> None:
    gone = shown(studio, "gone", fault=Fault.GONE)
    studio.post(ava, INSTAGRAM, "gone")
    studio.sync()
    studio.clock.sleep(3600, lambda: None)
    studio.sync()
    assert gone.asked == 1
    studio.connect(INSTAGRAM)
    studio.sync()
    assert gone.asked == 2


def test_a_refused_token_costs_one_call_and_is_reported(studio: Studio, ava: str) -> None:
    studio.stand_in.revoked.add("expired")
    studio.connect(INSTAGRAM, token="expired")
    ids = [studio.post(ava, INSTAGRAM, f"t{number}") for number in range(5)]
    studio.post(ava, TWITTER, "fine")
    report = studio.sync()
    assert (report.synced_count, report.failed_count) == (1, 5)
    assert outcomes(studio, ids) == [SyncOutcome.TOKEN_REFUSED] * 5
    assert studio.stand_in.calls["graph"] == 1
    connection = studio.connected(INSTAGRAM)
    assert (connection.state, "190" in connection.problem) == (ConnectionState.TOKEN_REFUSED, True)
    assert studio.sync().unconnected_count == 5
    studio.connect(INSTAGRAM)
    assert studio.sync().synced_count == 5


def test_a_persona_s_own_connection_is_used_before_the_common_one(studio: Studio, ava: str) -> None:
    own = studio.persona("Own")
    studio.connect(TIKTOK, own, token="her-own")
    studio.post(ava, TIKTOK, "common")
    studio.post(own, TIKTOK, "hers")
    studio.sync(platforms=[TIKTOK])
    used = {asked.body["filters"]["video_ids"][0]: asked.token for asked in studio.stand_in.asked}
    assert (used["hers"], used["common"] != "her-own") == ("her-own", True)


def test_ids_go_in_as_few_calls_as_the_platform_allows(studio: Studio, ava: str) -> None:
    for number in range(150):
        studio.post(ava, TWITTER, f"x{number}")
    for number in range(45):
        studio.post(ava, TIKTOK, f"t{number}")
    assert studio.sync().synced_count == 195
    assert studio.stand_in.calls == {"twitter": 2, "tiktok": 3}


def test_personas_take_turns(studio: Studio, ava: str) -> None:
    names = {}
    for name in ("first", "second", "third"):
        persona = studio.persona(name)
        studio.connect(INSTAGRAM, persona)
        names |= {f"{name}{number}": name for number in range(3)}
        for number in range(3):
            shown(studio, f"{name}{number}", likes=1, reach=10)
            studio.post(persona, INSTAGRAM, f"{name}{number}")
    studio.sync()
    order = [names[asked.path.split("/")[2]] for asked in studio.stand_in.asked]
    assert [set(order[turn : turn + 3]) for turn in (0, 3, 6)] == [{"first", "second", "third"}] * 3


@pytest.mark.parametrize(
    ("pii_filter", "kept"),
    [(PiiFilter.ON, "Write to [e-mail] please"), (PiiFilter.OFF, "Write to ann@example.com please")],
)
def test_comments_are_masked_unless_the_workspace_has_turned_that_off(
    studio: Studio, ava: str, pii_filter: PiiFilter, kept: str
) -> None:
    first, texts = studio.clock.seconds() - 4 * 3600, ["Write to ann@example.com please"]
    shown(studio, "talk", likes=50, comments=1, reach=1000, first_comment=first, texts=texts)
    post_id = studio.post(ava, INSTAGRAM, "talk")
    with studio.database.scope(studio.workspace) as scope:
        update_settings(scope, pii_filter, "a test")
    assert studio.sync().interaction_count == 1
    with studio.database.scope(studio.workspace) as scope:
        assert [one.text for one in list_interactions(scope, post_id).items] == [kept]


def test_comments_become_interactions_once(studio: Studio, ava: str) -> None:
    shown(studio, "talk", likes=50, comments=120, reach=1000, first_comment=studio.clock.seconds() - 4 * 3600)
    post_id = studio.post(ava, INSTAGRAM, "talk")
    report = studio.sync()
    assert (report.synced_count, report.interaction_count) == (1, 120)
    studio.clock.sleep(3600, lambda: None)
    assert studio.sync().interaction_count == 0
    assert studio.stand_in.calls["graph"] == 1 + 3 + 1, "comments whose count did not change are not fetched again"
    studio.stand_in.posts["talk"].comments = 121
    studio.clock.sleep(3600, lambda: None)
    assert studio.sync().interaction_count == 1
    with studio.database.scope(studio.workspace) as scope:
        page = list_interactions(scope, post_id, page_size=1000)
        assert len(page.items) == 121
        newest = page.items[0]
        told = studio.stand_in.posts["talk"].comment(120)
        assert (newest.platform_interaction_id, newest.text, newest.actor_handle) == (
            told["id"],
            told["text"],
            told["username"],
        )
        assert newest.interact_time == from_micros(
            int((studio.stand_in.posts["talk"].first_comment // 1) + 60 * 120) * 1_000_000
        )


def test_a_run_that_was_lost_is_taken_up_where_it_ended(studio: Studio, ava: str) -> None:
    for number in range(6):
        shown(studio, f"l{number}", likes=1, comments=60, reach=10, first_comment=studio.clock.seconds() - 3600)
        studio.post(ava, INSTAGRAM, f"l{number}")
    operation = studio.ask()
    lease = take(studio.database)
    asking = PeerLoop(studio.settings, studio.database)
    job = Job(lease, studio.database, studio.settings, asking)
    calls = studio.stand_in.calls

    def lose_the_worker(progress_pct: float, message: str = "") -> None:
        if calls["graph"] >= 9:
            raise SystemExit

    job.progress = lose_the_worker  # type: ignore[method-assign]
    with pytest.raises(SystemExit), asking:
        studio.run(job)
    lapse(studio.database, operation)
    report = SyncReport.FromString(studio.work(operation).response or b"")
    assert (report.synced_count, report.interaction_count) == (6, 360)
    assert calls["graph"] <= 6 + 2 * 6 + 3, "only what was not done is fetched, but for pages of comments"
    with studio.database.scope(studio.workspace) as scope:
        assert scope.select(snapshots.MetricSnapshotRow).count() == 6


def test_a_platform_that_throttles_is_left_alone_for_as_long_as_it_asks(studio: Studio, ava: str) -> None:
    studio.post(ava, INSTAGRAM, "patient")
    usage = '{"1": [{"type": "instagram", "call_count": 100, "estimated_time_to_regain_access": 7}]}'
    for status, code in ((400, 4), (403, 17), (400, 32), (400, 613), (403, 80001), (400, 80002)):
        body = {"error": {"message": "limit", "type": "OAuthException", "code": code}}
        studio.stand_in.replies.append(Reply(status, body, {"x-business-use-case-usage": usage}))
    assert studio.sync().synced_count == 1
    times = [asked.time for asked in studio.stand_in.asked][:7]
    assert [round((after - before) / 60) for before, after in pairwise(times)] == [7] * 6


@pytest.mark.parametrize(
    ("platform", "reply", "rest_seconds"),
    [
        (TWITTER, Reply(429, {"title": "Too Many Requests", "status": 429}, {"x-rate-limit-reset": "RESET"}), 400),
        (TWITTER, Reply(429, {"errors": [{"code": 88, "message": "Rate limit exceeded"}]}, {"retry-after": "60"}), 60),
        (TWITTER, Reply(200, {"errors": [{"code": 88, "message": "Rate limit exceeded"}]}), 900),
        (TIKTOK, Reply(429, {"error": {"code": "rate_limit_exceeded"}}), 60),
        (TIKTOK, Reply(200, {"error": {"code": "rate_limit_exceeded"}}, {"retry-after": "120"}), 120),
        (INSTAGRAM, Reply(400, {"error": {"code": 4, "message": "limit"}}), 3600),
        (INSTAGRAM, Reply(503, {}, {"retry-after": "300"}), 300),
    ],
)
def test_rests_are_as_long_as_the_answer_asks_else_a_window(
    studio: Studio, ava: str, platform: Platform, reply: Reply, rest_seconds: int
) -> None:
    studio.post(ava, platform, "one")
    reset = str(int(studio.clock.seconds()) + 400)
    headers = {name: value.replace("RESET", reset) for name, value in reply.headers.items()}
    studio.stand_in.replies.append(Reply(reply.status, reply.body, headers))
    assert studio.sync().synced_count == 1
    first, second = [asked.time for asked in studio.stand_in.asked][:2]
    assert second - first == pytest.approx(rest_seconds, abs=3)


def test_a_long_wait_postpones_the_sync_and_frees_the_worker(studio: Studio, ava: str) -> None:
    studio.post(ava, TIKTOK, "late")
    studio.stand_in.replies.append(Reply(429, {"error": {"code": "rate_limit_exceeded"}}))
    operation = studio.ask()
    waiting = studio.work(operation, patience=timedelta(seconds=5))
    assert (waiting.state, waiting.attempt) == ("PENDING", 0)
    assert "the platforms' limits allow the next call in " in waiting.message
    assert waiting.due is not None
    with studio.database.transaction():
        studio.database.execute("UPDATE operation SET due = NULL")
    studio.clock.sleep(60, lambda: None)
    assert studio.work(operation).state == "SUCCEEDED"


def test_syncs_of_the_same_platforms_run_one_after_the_other(studio: Studio, ava: str) -> None:
    studio.post(ava, TWITTER, "once")
    first, second = studio.ask(platforms=[TWITTER]), studio.ask()
    other = studio.ask(platforms=[TIKTOK])
    held = take(studio.database)
    assert held.operation.id == first.id
    assert studio.work(second).message == "waiting for the previous sync to end"
    assert studio.work(other).state == "PENDING", "the second asks TikTok too"
    assert studio.stand_in.asked == []
