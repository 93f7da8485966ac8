"""Features do not change with anything that becomes known after a post is published."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from groundswell_server.learning.features.post_features import FEATURES, extract
from groundswell_server.learning.serving.track_record import read_record
from groundswell_server.learning.training.post_examples import read_examples
from groundswell_server.models.model_type import TrainingSpan
from groundswell_storage.engagement.contexts import ContextRow
from groundswell_storage.engagement.personas import PersonaRow
from groundswell_storage.engagement.posts import PostRow
from groundswell_storage.engagement.snapshots import MetricSnapshotRow
from groundswell_storage.scope import Scope
from tests.learning.past_posts import EVERY, FIRST, add_persona, add_posts

COUNT = 80
SPAN = TrainingSpan(
    as_of=FIRST + COUNT * EVERY + timedelta(days=30), lookback=timedelta(days=365), target_age=timedelta(days=7)
)
TRAILING = FEATURES.index("trailing_engagement_rate")


@pytest.fixture
def posts(scope: Scope) -> list[str]:
    """Of two personas, alternating in time."""
    scope.now = SPAN.as_of
    return [id for name in ("Luna", "Nova") for id in add_posts(scope, add_persona(scope, name), COUNT, seed=len(name))]


def features(scope: Scope) -> dict[str, tuple[NDArray[np.float64], float]]:
    """Features and outcome of each post."""
    examples = read_examples(scope, SPAN)
    rows = extract([example.facts for example in examples])
    return {example.post_id: (rows.values[place], example.outcome) for place, example in enumerate(examples)}


def change_everything_after(scope: Scope, moment: datetime) -> None:
    """Other counts in every snapshot fetched later, and other contexts, personas and figures of posts today."""
    rate = MetricSnapshotRow.rate_pct
    scope.update(
        MetricSnapshotRow,
        rate_pct=100.0 - rate,
        outcome_rate_pct=100.0 - rate,
        genuine_total=MetricSnapshotRow.genuine_total + 10_000,
        bot_share=0.99,
    ).where(MetricSnapshotRow.fetch_time >= moment).execute()
    scope.update(
        ContextRow, complexity=4, state=4, confidence=4, validation=2, assigned_agent="ann", rating=5
    ).execute()
    scope.update(
        PersonaRow, handles=[{"platform": 1, "handle": "x", "follower_count": 9_000_000}], sharing_opt_out=True
    ).execute()
    scope.update(PostRow, likes=1, reach=2, engagement_rate_pct=99.0, genuine_total=7, vs_average_pct=300.0).execute()


@pytest.mark.parametrize("place", [0, 1, 17, 40, COUNT - 1])
def test_no_feature_depends_on_anything_after_a_post(scope: Scope, posts: list[str], place: int) -> None:
    before = features(scope)
    moment = FIRST + place * EVERY
    change_everything_after(scope, moment)
    after = features(scope)
    assert len(before) == len(after) == len(posts)
    for persona in (posts[:COUNT], posts[COUNT:]):
        for id in persona[: place + 1]:
            np.testing.assert_array_equal(before[id][0], after[id][0])
        outcomes = [found[persona[place]][1] for found in (before, after)]
        assert outcomes[0] != outcomes[1], "its outcome was to change, or the test shows nothing"


def test_what_was_known_before_a_post_does_move_it(scope: Scope, posts: list[str]) -> None:
    before = features(scope)
    change_everything_after(scope, FIRST)
    moved = [id for id in posts if features(scope)[id][0][TRAILING] != before[id][0][TRAILING]]
    assert len(moved) > COUNT


def test_a_post_before_the_first_outcome_has_no_trailing_features(scope: Scope, posts: list[str]) -> None:
    found = features(scope)
    for id in posts[: int(timedelta(days=7) / EVERY)]:
        assert np.isnan(found[id][0][TRAILING])


def test_serving_knows_of_a_moment_what_training_knows_of_it(scope: Scope, posts: list[str]) -> None:
    examples = {example.post_id: example for example in read_examples(scope, SPAN)}
    persona_id = examples[posts[0]].persona_id
    record = read_record(scope, persona_id, 1, SPAN.target_age)
    for id in posts[:COUNT]:
        facts = examples[id].facts
        assert facts.publish_time is not None
        assert record.trailing is not None
        assert record.trailing.at(facts.publish_time) == facts.trailing


def test_training_as_of_a_time_ignores_later_snapshots(scope: Scope, posts: list[str]) -> None:
    early = TrainingSpan(as_of=FIRST + timedelta(days=12), lookback=SPAN.lookback, target_age=SPAN.target_age)
    before = [(example.post_id, example.outcome, example.facts) for example in read_examples(scope, early)]
    change_everything_after(scope, early.as_of + timedelta(microseconds=1))
    after = [(example.post_id, example.outcome, example.facts) for example in read_examples(scope, early)]
    assert before == after
    assert 0 < len(before) < len(posts)
