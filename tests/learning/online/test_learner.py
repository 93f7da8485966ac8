"""Outcomes are learnt once, by the faster worker, and compared with the prediction of the batch model."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace

import pytest

from groundswell_server.learning.online import learner as learners
from groundswell_server.learning.online.learner import TYPE, Learner
from groundswell_server.learning.online.outcome_events import read_changes
from groundswell_server.models import registry
from groundswell_server.models.predictions import Prediction
from groundswell_storage.database import Database
from groundswell_storage.engagement.snapshots import MetricSnapshotRow
from groundswell_storage.events import events
from groundswell_storage.learning import online
from groundswell_storage.learning.model_versions import ModelRow
from groundswell_storage.learning.online import OnlineModel, OnlineOutcomeRow
from groundswell_storage.scope import Scope
from tests.learning.model_rows import a_version
from tests.learning.past_posts import FIRST, add_persona, add_posts

WEEK = timedelta(days=7)


def publish(scope: Scope, count: int) -> list[str]:
    """Posts with known outcomes, told of."""
    ids = add_posts(scope, add_persona(scope), count)
    for id in ids:
        scope.publish("post.changed", id, {})
    return ids


def learn(database: Database, learner: Learner | None = None) -> int:
    """What a worker does now and then."""
    news = read_changes(database)
    return 0 if news is None else (learner or Learner()).learn(database, news, WEEK)


@dataclass
class SaysThree:
    """A live version that expects 3% of every post, give or take a margin that is wider the less it is to miss."""

    alpha: float
    margin: float

    @property
    def conformal(self) -> SimpleNamespace:
        return SimpleNamespace(alpha=self.alpha, target=0.05)

    def with_alpha(self, alpha: float | None) -> SaysThree:
        return self if alpha is None else SaysThree(alpha, self.margin * self.alpha / alpha)

    def predict_one(self, facts: object, *, persona_id: str) -> Prediction:
        return Prediction(3.0, 3.0 - self.margin, 3.0 + self.margin)


def twin(database: Database, workspace: str = "default") -> OnlineModel:
    with database.scope(workspace) as scope:
        found = online.find(scope, TYPE)
    assert found is not None
    return found


def test_outcomes_are_learnt_once(database: Database) -> None:
    with database.scope("default") as scope:
        ids = publish(scope, 12)
    assert learn(database) == 12
    assert read_changes(database) is None
    with database.scope("default") as scope:
        scope.publish("post.changed", ids[0], {})
    assert learn(database) == 0
    assert (twin(database).learned_count, twin(database).model_id) == (12, "")
    assert twin(database).error is not None
    assert twin(database).weights


def test_what_was_learnt_is_told(database: Database) -> None:
    with database.scope("default") as scope:
        publish(scope, 3)
    learn(database)
    (told,) = events.read_after(database, events.START, topics=["online.learned"])
    assert (told.subject_id, told.payload["learned_count"], told.payload["weight"]) == (TYPE, 3, 0.0)


def test_of_two_workers_one_learns(database: Database) -> None:
    with database.scope("default") as scope:
        publish(scope, 5)
    news = read_changes(database)
    assert news is not None
    assert [Learner().learn(database, news, WEEK) for _ in range(2)] == [5, 0]
    assert twin(database).learned_count == 5


def test_a_post_is_learnt_when_its_outcome_is_known(database: Database) -> None:
    with database.scope("default") as scope:
        (id,) = publish(scope, 1)
        later = (MetricSnapshotRow.post_id == id) & (MetricSnapshotRow.fetch_time >= FIRST + WEEK)
        rows = list(scope.select(MetricSnapshotRow).where(later))
        scope.delete(MetricSnapshotRow).where(later).execute()
    assert learn(database) == 0
    with database.scope("default") as scope:
        row = rows[0]
        values = {name: value for name, value in row.__data__.items() if name != "workspace"}
        scope.insert(MetricSnapshotRow, **values)
        scope.publish("post.changed", id, {})
    assert learn(database) == 1


def test_workspaces_learn_each_for_itself(database: Database) -> None:
    for workspace, count in (("ours", 4), ("theirs", 7)):
        with database.scope(workspace) as scope:
            publish(scope, count)
    assert learn(database) == 11
    assert (twin(database, "ours").learned_count, twin(database, "theirs").learned_count) == (4, 7)


def test_what_one_workspace_has_keeps_no_other_from_learning(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for workspace in ("broken", "whole"):
        with database.scope(workspace) as scope:
            publish(scope, 2)
    study = Learner.study

    def fails(self: Learner, scope: Scope, post_ids: list[str], target_age: timedelta) -> object:
        if scope.workspace == "broken":
            raise ValueError("what nobody thought of")
        return study(self, scope, post_ids, target_age)

    monkeypatch.setattr(Learner, "study", fails)
    assert learn(database) == 2
    assert read_changes(database) is None


def test_it_is_compared_with_the_live_version_on_posts_that_neither_had_seen(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learners, "load_stored", lambda artifacts: SaysThree(0.05, margin=0.5))
    with database.scope("default") as scope:
        live = registry.promote(scope, a_version(scope, "run-1").id).live
        # It has learnt from the first four posts, which are 11 hours apart.
        seen = FIRST + timedelta(hours=33)
        scope.update(ModelRow, data_end=seen).where(ModelRow.id == live.id).execute()
        publish(scope, 10)
    assert learn(database) == 10
    found = twin(database)
    assert (found.model_id, found.learned_count, found.pair_count) == (live.id, 10, 6)
    with database.scope("default") as scope:
        pairs = [row for row in scope.select(OnlineOutcomeRow) if row.batch_said is not None]
    assert found.batch_error == pytest.approx(sum(abs(3.0 - row.outcome) for row in pairs) / 6)
    assert found.paired_error == pytest.approx(sum(abs(row.said - row.outcome) for row in pairs) / 6)


@pytest.mark.parametrize(("margin", "step"), [(0.0, 0.05 - 1.0), (100.0, 0.05)])
def test_the_level_of_intervals_follows_the_outcomes_that_they_missed(
    database: Database, monkeypatch: pytest.MonkeyPatch, margin: float, step: float
) -> None:
    monkeypatch.setattr(learners, "load_stored", lambda artifacts: SaysThree(0.05, margin))
    with database.scope("default") as scope:
        live = registry.promote(scope, a_version(scope, "run-1").id).live
        scope.update(ModelRow, data_end=FIRST - timedelta(days=1)).where(ModelRow.id == live.id).execute()
        publish(scope, 3)
    learn(database)
    # Gibbs, Candes 2021, formula 2, with steps of 0.005, three times.
    assert twin(database).alpha == pytest.approx(0.05 + 3 * 0.005 * step)
    with database.scope("default") as scope:
        another = registry.promote(scope, a_version(scope, "run-2").id).live
        scope.update(ModelRow, data_end=FIRST - timedelta(days=1)).where(ModelRow.id == another.id).execute()
        publish(scope, 1)
    learn(database)
    # Another version has missed nothing yet.
    assert twin(database).alpha == pytest.approx(0.05 + 0.005 * step)


def test_a_damaged_version_is_gone_without(database: Database) -> None:
    with database.scope("default") as scope:
        registry.promote(scope, a_version(scope, "run-1").id)
        publish(scope, 3)
    assert learn(database) == 3
    assert twin(database).pair_count == 0


def test_other_events_are_passed_by(database: Database) -> None:
    with database.scope("default") as scope:
        for number in range(1_001):
            scope.publish("context.changed", str(number), {})
    assert learn(database) == 0
    assert read_changes(database) is None
    with database.scope("default") as scope:
        publish(scope, 1)
    assert learn(database) == 1
