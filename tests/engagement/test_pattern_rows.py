"""Rows that Learning reads to find patterns, slice by slice."""

from __future__ import annotations

from datetime import timedelta

import pytest

from groundswell_storage.engagement import pattern_rows
from groundswell_storage.engagement.contexts import ContextRow
from groundswell_storage.engagement.pattern_rows import ContextRecord, PostRecord, Span
from groundswell_storage.engagement.patterns import kept_since, store
from groundswell_storage.engagement.posts import ContextSnapshotRow
from groundswell_storage.scope import Scope
from tests.learning.past_posts import EVERY, FIRST, add_persona, add_posts

WEEK = timedelta(days=7)
LATER = FIRST + timedelta(days=100)
ALL = Span(FIRST, LATER)


def posts(scope: Scope, span: Span = ALL, **fields: object) -> list[PostRecord]:
    given = {"target_age": WEEK, "known_by": LATER, **fields}
    return pattern_rows.posts(scope, span, **given)  # type: ignore[arg-type]


def test_slices_follow_each_other_without_a_gap_or_a_repeat(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = add_posts(scope, add_persona(scope), 7)
    monkeypatch.setattr(pattern_rows, "SLICE", 3)
    read: list[PostRecord] = []
    while found := posts(scope, after=read[-1] if read else None):
        read += found
    assert [post.post_id for post in read] == ids[::-1]
    contexts: list[ContextRecord] = []
    while more := pattern_rows.contexts(scope, ALL, contexts[-1] if contexts else None):
        contexts += more
    assert [context.context_id for context in contexts] == [post.context_id for post in read]


def test_posts_of_the_same_moment_are_not_lost_between_slices(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [post for name in ("Ava", "Bo", "Cy") for post in add_posts(scope, add_persona(scope, name), 2)]
    monkeypatch.setattr(pattern_rows, "SLICE", 2)
    read: list[PostRecord] = []
    while found := posts(scope, after=read[-1] if read else None):
        read += found
    assert sorted(post.post_id for post in read) == sorted(ids)


def test_rates_are_those_of_the_age_and_of_what_was_known(scope: Scope) -> None:
    (post_id,) = add_posts(scope, add_persona(scope), 1)
    select = "SELECT outcome_rate_pct FROM metric_snapshot WHERE post_id = ? ORDER BY fetch_time"
    rates = scope.execute(select, (post_id,))
    _, at_a_week, at_20_days = [rate for (rate,) in rates.fetchall()]
    assert [post.aged_rate_pct for post in posts(scope)] == [at_a_week]
    assert [post.aged_rate_pct for post in posts(scope, target_age=2 * WEEK)] == [at_20_days]
    assert [post.aged_rate_pct for post in posts(scope, known_by=FIRST + timedelta(days=6))] == [None]


def test_only_what_is_asked_for(scope: Scope) -> None:
    ava, bo = add_persona(scope, "Ava"), add_persona(scope, "Bo", "Europe/Berlin")
    add_posts(scope, ava, 2)
    (theirs,) = add_posts(scope, bo, 1)
    (post,) = posts(scope, ALL._replace(persona_id=bo))
    assert (post.post_id, post.time_zone, post.phase) == (theirs, "Europe/Berlin", "TEXT_GENERATION")
    assert (post.caption, post.mentions) == ("What do you think?", [])
    assert posts(scope, ALL._replace(platform=2)) == []
    assert posts(scope, ALL._replace(content_type=2)) == []
    assert len(posts(scope, ALL._replace(platform=1, content_type=1))) == 3
    assert len(posts(scope, Span(FIRST + EVERY, LATER))) == 1
    assert len(posts(scope, Span(FIRST, FIRST + EVERY))) == 2
    assert len(pattern_rows.contexts(scope, ALL._replace(persona_id=bo, phase="TEXT_GENERATION"))) == 1
    assert pattern_rows.contexts(scope, ALL._replace(phase="IMAGE_GENERATION")) == []


def test_contexts_of_a_platform_are_those_without_a_measured_post_too(scope: Scope) -> None:
    measured, _ = add_posts(scope, add_persona(scope), 2)
    first, second = (post.context_id for post in posts(scope)[::-1])
    scope.update(ContextRow, metrics_post_id=measured).where(ContextRow.id == first).execute()
    assert [context.context_id for context in pattern_rows.contexts(scope, ALL._replace(platform=1))] == [second, first]
    assert [context.context_id for context in pattern_rows.contexts(scope, ALL._replace(platform=2))] == [second]
    (seen,) = [context for context in pattern_rows.contexts(scope, ALL) if context.context_id == first]
    assert (seen.platform, seen.publish_time, seen.time_zone) == (1, FIRST, "UTC")


def test_another_workspaces_rows_are_not_read(scope: Scope) -> None:
    ids = add_posts(scope, add_persona(scope), 1)
    other = Scope(scope.database, "other", "tester", scope.now)
    assert posts(other) == []
    assert pattern_rows.contexts(other, ALL) == []
    assert pattern_rows.makings(other, ids) == {}
    assert kept_since(other, FIRST) == []


def test_how_posts_were_made_is_what_the_context_was_at_posting(scope: Scope) -> None:
    made, unmade = add_posts(scope, add_persona(scope), 2)
    at_posting = {"strategy": {"style": "warm"}, "input": {"parameters": {"steps": 30}, "prompt": "a sunset"}}
    scope.update(ContextSnapshotRow, **at_posting).where(ContextSnapshotRow.post_id == made).execute()
    found = pattern_rows.makings(scope, [made, unmade])
    assert found[made] == ({"style": "warm"}, {"steps": 30})
    assert found[unmade] == (None, None)
    assert pattern_rows.makings(scope, []) == {}


def test_kept_patterns_newest_first_and_rated_ones_on_any_platform(scope: Scope) -> None:
    persona_id = add_persona(scope)
    for name, platform in (("rated", 0), ("instagram", 1), ("facebook", 2)):
        store(
            scope,
            name=name,
            context_id=f"context of {name}",
            post_id=None,
            persona_id=persona_id,
            platform=platform,
            description="",
            features={"hour": 18},
            engagement_rate_pct=None,
        )
    found = kept_since(scope, scope.now - WEEK, persona_id=persona_id)
    assert [one.name for one in found] == ["facebook", "instagram", "rated"]
    assert found[0].features == {"hour": 18}
    assert {one.name for one in kept_since(scope, scope.now - WEEK, platform=1)} == {"rated", "instagram"}
    assert kept_since(scope, scope.now + WEEK) == []
    assert kept_since(scope, scope.now - WEEK, persona_id="nobody") == []
