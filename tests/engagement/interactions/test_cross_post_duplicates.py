"""Copies over posts: found when they come, and what was there before them judged again, in their workspace alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from groundswell_server.engagement.bot_detection.account_profiles import UNKNOWN, Profile
from groundswell_server.engagement.ingestion.post_metrics import record_metrics
from groundswell_server.engagement.interactions import (
    REJUDGE_DUPLICATES,
    cross_post_duplicates,
    post_verdicts,
    recorder,
)
from groundswell_server.engagement.interactions.interactions import NewInteraction
from groundswell_server.engagement.interactions.recorder import record_interactions
from groundswell_server.engagement.jobs import rejudge_duplicates
from groundswell_server.engagement.metrics.engagement_rates import Counts
from groundswell_server.engagement.personas import PersonaDraft, create_persona
from groundswell_server.engagement.posts.posts import PostDraft, create_post, delete_post, get_post
from groundswell_storage.database import Database
from groundswell_storage.engagement.enums import InteractionKind, Platform, Verdict
from groundswell_storage.engagement.fingerprints import PostFingerprintsRow
from groundswell_storage.engagement.interactions import InteractionRow
from groundswell_storage.fields import to_micros
from groundswell_storage.jobs import operations
from tests.engagement.defaults import FILTER, TARGET_AGE, THRESHOLDS
from tests.jobs.running import run, take

PUBLISHED = datetime.now(UTC) - timedelta(days=3)
MINE, THEIRS = "mine", "theirs"
SENTENCE = "This cream has changed my whole life and I can only tell everybody to get some too"
NEARLY = [SENTENCE.replace("cream", word) for word in ("cream", "creme", "balm", "serum", "lotion")]
TRUSTED = Profile(bot_probability=0.0001)
"""An account of which the trained detector is sure that it is a person's."""
OTHERS = [
    "I have been waiting for this video since you told us about it last summer",
    "My grandmother used to sing this in the kitchen when we were all still small",
    "The light in the second half is wonderful, which lens did you take for it?",
]


@pytest.fixture
def posts(database: Database) -> Sequence[str]:
    """Five posts of a persona."""
    return publish(database, MINE)


def publish(database: Database, workspace: str, count: int = 5) -> list[str]:
    """Posts of a new persona, each with ten comments among its counts."""
    with database.scope(workspace) as scope:
        persona = create_persona(scope, PersonaDraft("Ava"))
        found = [
            create_post(scope, PostDraft(persona.id, Platform.INSTAGRAM, scope.new_id(), publish_time=PUBLISHED)).id
            for _ in range(count)
        ]
        for post_id in found:
            record_metrics(scope, post_id, Counts(comments=10, reach=100), None, THRESHOLDS, TARGET_AGE)
    return found


def comment(
    database: Database,
    post_id: str,
    actor: str,
    *texts: str,
    workspace: str = MINE,
    hour: int = 1,
    profile: Profile = UNKNOWN,
) -> None:
    """An actor's comments, a minute apart."""
    with database.scope(workspace) as scope:
        batch = [
            NewInteraction(
                InteractionKind.COMMENT,
                to_micros(PUBLISHED + timedelta(hours=hour, minutes=minute)),
                actor,
                text,
                profile=profile,
            )
            for minute, text in enumerate(texts)
        ]
        record_interactions(scope, post_id, batch, FILTER, THRESHOLDS)


def judged(database: Database, post_id: str, workspace: str = MINE) -> dict[str, Verdict]:
    """The verdict on each actor's last comment."""
    with database.scope(workspace) as scope:
        rows = scope.select(InteractionRow).where(InteractionRow.post_id == post_id)
        rows = rows.order_by(InteractionRow.interact_time)
        return {row.actor_handle: Verdict(row.verdict) for row in rows}


def reasons(database: Database, post_id: str) -> set[str]:
    """Codes of all reasons on a post."""
    with database.scope(MINE) as scope:
        rows = scope.select(InteractionRow).where(InteractionRow.post_id == post_id)
        return {code for row in rows for code, _ in row.reasons or ()}


def waiting(database: Database, workspace: str = MINE) -> int:
    """Returns the number of pending rejudgments."""
    with database.scope(workspace) as scope:
        return len(operations.under_way(scope, REJUDGE_DUPLICATES))


def work(database: Database) -> None:
    assert run(database, take(database), rejudge_duplicates)


@pytest.mark.parametrize(
    ("texts", "reason"),
    [([SENTENCE] * 3, "DUPLICATE_TEXT"), (NEARLY[:3], "NEAR_DUPLICATE_TEXT")],
    ids=["the same", "nearly the same"],
)
def test_copies_on_other_posts_change_earlier_verdicts(
    database: Database, posts: Sequence[str], texts: list[str], reason: str
) -> None:
    theirs = publish(database, THEIRS, 1)[0]
    comment(database, theirs, "anna", texts[0], workspace=THEIRS)
    comment(database, posts[0], "anna", OTHERS[0])
    for number, (post_id, text) in enumerate(zip(posts, texts, strict=False)):
        comment(database, post_id, f"bot{number}", text)
    assert judged(database, posts[2]) == {"bot2": Verdict.BOT}
    assert reason in reasons(database, posts[2])
    assert judged(database, posts[1]) == {"bot1": Verdict.GENUINE}, "the call itself judges its own post alone"
    assert waiting(database) == 1
    work(database)
    assert judged(database, posts[0]) == {"anna": Verdict.GENUINE, "bot0": Verdict.BOT}
    assert judged(database, posts[1]) == {"bot1": Verdict.BOT}
    assert reason in reasons(database, posts[0])
    with database.scope(MINE) as scope:
        engagement = get_post(scope, posts[0]).engagement
    assert engagement is not None
    assert (engagement.bots_filtered, engagement.comments) == (5, 5), "ten comments, one of two a bot's"
    assert judged(database, theirs, THEIRS) == {"anna": Verdict.GENUINE}
    assert waiting(database) == waiting(database, THEIRS) == 0


def test_two_near_copies_alone_are_not_enough(database: Database, posts: Sequence[str]) -> None:
    for number, text in enumerate(NEARLY[:2]):
        comment(database, posts[number], f"fan{number}", text)
    assert judged(database, posts[1]) == {"fan1": Verdict.GENUINE}
    assert waiting(database) == 0


def test_one_actor_with_nearly_the_same_under_three_posts_is_found(database: Database, posts: Sequence[str]) -> None:
    for post_id, text in zip(posts, NEARLY[:3], strict=False):
        comment(database, post_id, "bot", text)
    work(database)
    assert [judged(database, post_id) for post_id in posts[:3]] == [{"bot": Verdict.BOT}] * 3


def test_different_sentences_and_short_praise_stay_people_s(database: Database, posts: Sequence[str]) -> None:
    for number, post_id in enumerate(posts):
        comment(
            database, post_id, f"fan{number}", "so beautiful as always", OTHERS[number % 3] + f" {SENTENCE[:number]}"
        )
    assert {verdict for post_id in posts for verdict in judged(database, post_id).values()} == {Verdict.GENUINE}
    assert waiting(database) == 0


def test_another_workspace_s_texts_are_nobody_s_copies(database: Database, posts: Sequence[str]) -> None:
    for number, post_id in enumerate(publish(database, THEIRS, 3)):
        comment(database, post_id, f"bot{number}", NEARLY[number], workspace=THEIRS)
    comment(database, posts[0], "fan", NEARLY[3])
    assert judged(database, posts[0]) == {"fan": Verdict.GENUINE}
    assert "NEAR_DUPLICATE_TEXT" not in reasons(database, posts[0])


def test_a_copy_stays_one_when_something_else_comes(
    database: Database, posts: Sequence[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same texts are looked up again, near copies may be forgotten."""
    for number in range(3):
        comment(database, posts[number], f"bot{number}", NEARLY[number])
        comment(database, posts[number], f"robot{number}", OTHERS[0])
    monkeypatch.setattr(cross_post_duplicates, "MAX_REMEMBERED_TEXTS", 0)
    comment(database, posts[2], "anna", "what a lovely harbour", hour=2)
    assert judged(database, posts[2]) == {"bot2": Verdict.BOT, "robot2": Verdict.BOT, "anna": Verdict.GENUINE}


@pytest.mark.parametrize("nearly", [False, True], ids=["the same", "nearly the same"])
def test_where_one_text_is_on_many_posts_each_is_judged_again_a_few_times(
    database: Database, monkeypatch: pytest.MonkeyPatch, nearly: bool
) -> None:
    """Also where one is taken for a person all the same, so that there is always somebody left to judge again."""
    again: list[str] = []
    judge_rows = recorder.judge_rows

    def counting(scope: object, post: object, stored: object, fresh: Sequence[object], settings: object) -> object:
        again.extend([] if fresh else [post.id])  # type: ignore[attr-defined]
        return judge_rows(scope, post, stored, fresh, settings)  # type: ignore[arg-type]

    monkeypatch.setattr(recorder, "judge_rows", counting)
    many = publish(database, MINE, 30)
    comment(database, many[0], "elder", SENTENCE, profile=TRUSTED)
    for number, post_id in enumerate(many[1:]):
        word = chr(ord("a") + number % 26) * (3 + number // 26)
        comment(database, post_id, "bot" + word, SENTENCE.replace("cream", word) if nearly else SENTENCE)
        while waiting(database):
            work(database)
    assert judged(database, many[0]) == {"elder": Verdict.GENUINE}
    assert {verdict for post_id in many[1:] for verdict in judged(database, post_id).values()} == {Verdict.BOT}
    assert len(again) <= 10
    assert again.count(many[0]) <= 5


def test_work_that_is_lost_is_done_by_the_next_and_once_done_finds_nothing(
    database: Database, posts: Sequence[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        comment(database, posts[number], f"bot{number}", NEARLY[number])
    with database.scope(MINE) as scope:
        (asked,) = operations.under_way(scope, REJUDGE_DUPLICATES)
    rejudge = recorder.rejudge
    left = iter([True])

    def once(*given: object, **named: object) -> int | None:
        if next(left, False):
            return rejudge(*given, **named)  # type: ignore[arg-type]
        raise RuntimeError("the worker is gone")

    with monkeypatch.context() as patch:
        patch.setattr(recorder, "rejudge", once)
        run(database, take(database), rejudge_duplicates)
    assert sorted(judged(database, posts[n])[f"bot{n}"] for n in range(2)) == [Verdict.GENUINE, Verdict.BOT]
    for _ in range(2):
        with database.scope(MINE) as scope:
            operations.create(scope, REJUDGE_DUPLICATES, asked.request)
        work(database)
        assert [judged(database, posts[n])[f"bot{n}"] for n in range(3)] == [Verdict.BOT] * 3
    assert waiting(database) == 0


def test_of_a_post_with_more_comments_than_are_judged_at_once_all_are_found(
    database: Database, posts: Sequence[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "MAX_JUDGED_AGAIN", 3)
    for hour, text in enumerate([SENTENCE, *OTHERS, "lovely", "so true", NEARLY[1], "great", "wonderful harbour"]):
        comment(database, posts[0], f"actor{hour}", text, hour=1 + hour)
    comment(database, posts[1], "last", NEARLY[2])
    work(database)
    found = judged(database, posts[0])
    assert {actor for actor, verdict in found.items() if verdict is Verdict.BOT} == {"actor0", "actor6"}


def test_under_a_post_with_very_many_comments_new_ones_are_compared_all_the_same(
    database: Database, posts: Sequence[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(post_verdicts, "MAX_COMPARED_TEXTS", 2)
    comment(database, posts[0], "anna", *OTHERS)
    for number in range(3):
        comment(database, posts[number], f"bot{number}", NEARLY[number], hour=2)
    comment(database, posts[0], "bot3", NEARLY[3], hour=3)
    assert judged(database, posts[0])["bot3"] is Verdict.BOT


@pytest.mark.parametrize(
    ("bound", "value"),
    [("MAX_REMEMBERED_TEXTS", 1), ("_MAX_REMEMBERED_POSTS", 1), ("_MAX_REMEMBERED_OF_POST", 1), ("MAX_SOUGHT", 1)],
)
def test_remembered_texts_are_bounded(
    database: Database, posts: Sequence[str], monkeypatch: pytest.MonkeyPatch, bound: str, value: int
) -> None:
    monkeypatch.setattr(cross_post_duplicates, bound, value)
    comment(database, posts[0], "bot0", NEARLY[0], OTHERS[0])
    comment(database, posts[1], "bot1", NEARLY[1], OTHERS[1])
    comment(database, posts[2], "bot2", NEARLY[2])
    assert judged(database, posts[2]) == {"bot2": Verdict.GENUINE}


def test_texts_are_remembered_once_and_forgotten_with_their_post(database: Database, posts: Sequence[str]) -> None:
    entries: Callable[[], dict[str, int]] = lambda: {row.post_id: len(row.fingerprints) for row in rows()}  # noqa: E731

    def rows() -> list[PostFingerprintsRow]:
        with database.scope(MINE) as scope:
            return list(scope.select(PostFingerprintsRow))

    comment(database, posts[0], "anna", *OTHERS[:2], "so beautiful as always")
    comment(database, posts[0], "ben", OTHERS[2])
    comment(database, posts[1], "carl", OTHERS[0])
    one = cross_post_duplicates.ENTRY_BYTES
    assert entries() == {posts[0]: 3 * one}
    with database.scope(MINE) as scope:
        delete_post(scope, posts[0])
    assert entries() == {}
    comment(database, posts[2], "dora", OTHERS[1])
    assert entries() == {posts[2]: one}
