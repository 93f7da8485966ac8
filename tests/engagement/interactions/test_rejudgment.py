"""Rejudgment of handles that are registered after their interactions, in every workspace, without a leak."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from groundswell_server.engagement.ingestion.post_metrics import record_metrics
from groundswell_server.engagement.interactions import recorder
from groundswell_server.engagement.interactions.interactions import NewInteraction
from groundswell_server.engagement.interactions.recorder import record_interactions
from groundswell_server.engagement.jobs import rejudge_handles
from groundswell_server.engagement.metrics.engagement_rates import Counts
from groundswell_server.engagement.persona_handles import REJUDGE_HANDLES, Handle
from groundswell_server.engagement.personas import PersonaDraft, create_persona, delete_persona, update_persona
from groundswell_server.engagement.posts.posts import PostDraft, create_post, get_post
from groundswell_storage.database import Database
from groundswell_storage.engagement.enums import InteractionKind, Platform, Verdict
from groundswell_storage.engagement.interactions import InteractionRow
from groundswell_storage.fields import to_micros
from groundswell_storage.jobs import operations
from tests.engagement.defaults import FILTER, TARGET_AGE, THRESHOLDS
from tests.jobs.running import run, take

PUBLISHED = datetime.now(UTC) - timedelta(days=3)
MINE, THEIRS = "mine", "theirs"


def publish(database: Database, workspace: str, platform: Platform = Platform.INSTAGRAM) -> str:
    """A post with ten comments and its counts."""
    with database.scope(workspace) as scope:
        persona = create_persona(scope, PersonaDraft("Ava"))
        draft = PostDraft(persona.id, platform, scope.new_id(), publish_time=PUBLISHED)
        post = create_post(scope, draft)
        record_metrics(scope, post.id, Counts(comments=10, reach=100), None, THRESHOLDS, TARGET_AGE)
    return post.id


def comments(database: Database, workspace: str, post_id: str, *actors: str) -> None:
    """A comment of each, an hour apart."""
    with database.scope(workspace) as scope:
        batch = [
            NewInteraction(
                InteractionKind.COMMENT,
                to_micros(PUBLISHED + timedelta(hours=1 + hour)),
                actor,
                f"what a lovely harbour, {actor} number {hour}",
            )
            for hour, actor in enumerate(actors)
        ]
        record_interactions(scope, post_id, batch, FILTER, THRESHOLDS)


def register(database: Database, *handles: tuple[Platform, str], workspace: str = MINE) -> str:
    """The id of a persona with these handles."""
    with database.scope(workspace) as scope:
        draft = PersonaDraft("Luna", handles=tuple(Handle(platform, handle) for platform, handle in handles))
        return create_persona(scope, draft).id


def judged(database: Database, workspace: str, post_id: str) -> dict[str, Verdict]:
    """The verdict on each actor's comments."""
    with database.scope(workspace) as scope:
        rows = scope.select(InteractionRow).where(InteractionRow.post_id == post_id)
        return {row.actor_handle: Verdict(row.verdict) for row in rows}


def waiting(database: Database, workspace: str = MINE) -> list[str]:
    """Kinds of what waits for a worker."""
    with database.scope(workspace) as scope:
        return [each.kind for each in operations.list_operations(scope).items if not each.is_done]


def work(database: Database) -> None:
    assert run(database, take(database), rejudge_handles)


def test_what_a_handle_did_before_it_was_registered_is_a_persona_s_in_every_workspace(database: Database) -> None:
    posts = {workspace: publish(database, workspace) for workspace in (MINE, THEIRS)}
    elsewhere = publish(database, THEIRS, Platform.FACEBOOK)
    for workspace, post_id in (*posts.items(), (THEIRS, elsewhere)):
        comments(database, workspace, post_id, "@Luna.Sky", "anna", "lunasky2")
    register(database, (Platform.INSTAGRAM, "luna.sky"))
    assert judged(database, MINE, posts[MINE])["@Luna.Sky"] is Verdict.GENUINE, "the call itself judges nothing"
    work(database)
    for workspace, post_id in posts.items():
        assert judged(database, workspace, post_id) == {
            "@Luna.Sky": Verdict.PERSONA,
            "anna": Verdict.GENUINE,
            "lunasky2": Verdict.GENUINE,
        }
        with database.scope(workspace) as scope:
            engagement = get_post(scope, post_id).engagement
        assert engagement is not None
        assert (engagement.personas_filtered, engagement.comments) == (3, 7), "ten comments, one of three a persona's"
    assert set(judged(database, THEIRS, elsewhere).values()) == {Verdict.GENUINE}, "that is another platform"
    assert waiting(database) == waiting(database, THEIRS) == []


def test_the_registering_workspace_learns_nothing_about_others(database: Database) -> None:
    post_id = publish(database, THEIRS)
    comments(database, THEIRS, post_id, "luna")
    register(database, (Platform.INSTAGRAM, "luna"))
    work(database)
    with database.scope(MINE) as scope:
        (ended,) = operations.list_operations(scope).items
    assert (ended.kind, ended.state, ended.response) == (REJUDGE_HANDLES, "SUCCEEDED", b"")


def test_of_a_post_with_more_comments_than_are_judged_at_once_all_are_found(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "MAX_JUDGED_AGAIN", 2)
    post_id = publish(database, MINE)
    comments(database, MINE, post_id, "luna", "anna", "bob", "carl", "Luna", "dora", "emil", "fritz")
    register(database, (Platform.INSTAGRAM, "luna"))
    work(database)
    assert Counter(judged(database, MINE, post_id).values()) == {Verdict.PERSONA: 2, Verdict.GENUINE: 6}


def test_an_update_asks_only_for_handles_that_are_new(database: Database) -> None:
    persona_id = register(database, (Platform.INSTAGRAM, "luna"))
    work(database)
    handles = [Handle(Platform.INSTAGRAM, "@LUNA", 5), Handle(Platform.TIKTOK, "luna")]
    with database.scope(MINE) as scope:
        update_persona(scope, persona_id, {"handles": handles[:1]})
    assert waiting(database) == []
    with database.scope(MINE) as scope:
        update_persona(scope, persona_id, {"handles": handles})
    assert waiting(database) == [REJUDGE_HANDLES]


def test_a_deleted_persona_s_handles_stay_in_the_register_and_can_be_taken_over(database: Database) -> None:
    persona_id = register(database, (Platform.INSTAGRAM, "luna"))
    with database.scope(MINE) as scope:
        delete_persona(scope, persona_id)
    post_id = publish(database, THEIRS)
    comments(database, THEIRS, post_id, "luna")
    assert judged(database, THEIRS, post_id) == {"luna": Verdict.PERSONA}
    again = register(database, (Platform.INSTAGRAM, "Luna"), workspace=THEIRS)
    with database.scope(THEIRS) as scope:
        delete_persona(scope, again)
    comments(database, THEIRS, post_id, "luna", "l.una")
    assert set(judged(database, THEIRS, post_id).values()) == {Verdict.PERSONA}
