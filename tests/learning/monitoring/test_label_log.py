"""Predictions for texts, accounts and conversions are stored without these, and scored by later labels."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from groundswell_server.learning.features.post_facts import PostFacts
from groundswell_server.learning.features.profile_facts import ProfileFacts
from groundswell_server.learning.labels.classification import TextClass
from groundswell_server.learning.labels.training_examples import NewExample, add_examples
from groundswell_server.learning.serving.label_log import LabelLog
from groundswell_server.models import model_types, registry
from groundswell_server.models.predictions import Prediction
from groundswell_storage.database import Database
from groundswell_storage.engagement.posts import PostRow
from groundswell_storage.executor import DatabaseExecutor
from groundswell_storage.learning import labelled_predictions
from groundswell_storage.learning.labelled_predictions import LabelledPrediction
from groundswell_storage.scope import Scope
from tests.learning.model_rows import a_version
from tests.learning.past_posts import add_persona, add_posts

NOW = datetime(2026, 4, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
FOOD = TextClass("food", (("food", 0.8), ("travel", 0.2)))
TOPIC, BOTS, CONVERSION = "TOPIC_CLASSIFIER", "BOT_DETECTOR", "CONVERSION_PREDICTOR"


@pytest.fixture
async def executor(database: Database) -> AsyncIterator[DatabaseExecutor]:
    executor = DatabaseExecutor(database)
    yield executor
    executor.close()


@pytest.fixture
def log(executor: DatabaseExecutor) -> LabelLog:
    return LabelLog(executor)


def version_of(database: Database, model_type: str) -> str:
    """A version of a type, by its id."""
    with database.scope("default") as scope:
        return a_version(scope, f"{model_type} run", model_type=model_type).id


def label(database: Database, model_type: str, *examples: NewExample, now: datetime = LATER) -> None:
    with database.scope("default", now=now) as scope:
        assert add_examples(scope, model_type, examples).refused_count == 0


def kept(database: Database, model_id: str) -> list[LabelledPrediction]:
    with database.scope("default") as scope:
        since, until = NOW - timedelta(days=1), NOW + timedelta(days=1)
        return labelled_predictions.judged(scope, model_id, since=since, until=until)


async def test_a_label_that_comes_later_scores_what_was_said_of_the_text(database: Database, log: LabelLog) -> None:
    model_id = version_of(database, TOPIC)
    log.record_texts("default", model_id, ["Soup  of the DAY", "a train"], [dict(FOOD.probabilities)] * 2, NOW)
    await log.flush()
    assert [one.known for one in kept(database, model_id)] == [None, None]

    label(database, TOPIC, NewExample(1, "", "food", text="soup of the day"))

    (found,) = [one for one in kept(database, model_id) if one.known]
    assert (found.label, found.known, found.served) == ("food", LATER, NOW)
    assert found.probabilities == {"food": 0.8, "travel": 0.2}


async def test_a_correction_counts_and_a_repetition_does_not(database: Database, log: LabelLog) -> None:
    model_id = version_of(database, TOPIC)
    log.record_texts("default", model_id, ["soup"], [dict(FOOD.probabilities)], NOW)
    await log.flush()
    label(database, TOPIC, NewExample(1, "c1", "food", text="soup"))
    label(database, TOPIC, NewExample(1, "c1", "travel", text="soup"))
    assert [one.label for one in kept(database, model_id)] == ["travel"]


async def test_what_the_version_may_have_learnt_from_is_no_score(database: Database, log: LabelLog) -> None:
    model_id = version_of(database, TOPIC)
    label(database, TOPIC, NewExample(1, "", "food", text="soup"), now=NOW - timedelta(hours=1))
    log.record_texts("default", model_id, ["soup"], [dict(FOOD.probabilities)], NOW)
    await log.flush()
    label(database, TOPIC, NewExample(1, "", "food", text="soup"))
    assert [one.known for one in kept(database, model_id)] == [None]


async def test_what_is_said_after_the_label_does_not_replace_what_was_said_before(
    database: Database, log: LabelLog
) -> None:
    model_id = version_of(database, TOPIC)
    log.record_texts("default", model_id, ["soup"], [dict(FOOD.probabilities)], NOW)
    await log.flush()
    label(database, TOPIC, NewExample(1, "", "food", text="soup"))
    log.record_texts("default", model_id, ["soup"], [{"travel": 1.0}], LATER)
    await log.flush()
    assert [one.probabilities for one in kept(database, model_id)] == [{"food": 0.8, "travel": 0.2}]


async def test_labels_of_another_type_or_workspace_score_nothing(database: Database, log: LabelLog) -> None:
    model_id = version_of(database, TOPIC)
    log.record_texts("default", model_id, ["soup"], [dict(FOOD.probabilities)], NOW)
    await log.flush()
    label(database, "TONE_CLASSIFIER", NewExample(1, "", "warm", text="soup"))
    with database.scope("rival", now=LATER) as scope:
        add_examples(scope, TOPIC, [NewExample(1, "", "food", text="soup")])
    assert [one.known for one in kept(database, model_id)] == [None]


async def test_an_account_is_scored_by_its_figures(database: Database, log: LabelLog) -> None:
    model_id = version_of(database, BOTS)
    figures = ProfileFacts(followers=12, has_picture=False)
    log.record_profiles("default", model_id, [figures], [Prediction(0.9, 0.7, 1.0)], NOW)
    await log.flush()
    label(database, BOTS, NewExample(1, "somebody", "bot", profile=figures.to_json()))
    (found,) = kept(database, model_id)
    assert (found.probabilities, found.label) == ({"bot": 0.9}, "bot")


async def test_a_conversion_is_scored_by_the_post_of_its_context(database: Database, log: LabelLog) -> None:
    model_id = version_of(database, CONVERSION)
    with database.scope("default") as scope:
        post = scope.get(PostRow, add_posts(scope, add_persona(scope), 1, seed=1)[0])
    early = post.publish_time - timedelta(hours=1)
    log.record_conversion("default", model_id, post.context_id, PostFacts(platform=1), Prediction(0.3, 0.1, 0.6), early)
    log.record_conversion("default", model_id, "", PostFacts(platform=1), Prediction(0.3, 0.1, 0.6), early)
    await log.flush()
    label(database, CONVERSION, NewExample(1, "", "converted", post_id=post.id), now=datetime.now(UTC))
    with database.scope("default") as scope:
        (found,) = labelled_predictions.newest_outcomes(scope, model_id, limit=10)
        assert len(labelled_predictions.newest_served(scope, model_id, 10)) == 1
    assert (found.probabilities, found.label) == ({"converted": 0.3}, "converted")


async def test_neither_texts_nor_figures_are_kept(database: Database, log: LabelLog) -> None:
    model_id = version_of(database, TOPIC)
    log.record_texts("default", model_id, ["my secret"], [dict(FOOD.probabilities)], NOW)
    log.record_profiles("default", model_id, [ProfileFacts(followers=987654)], [Prediction(0.9, 0.7, 1.0)], NOW)
    await log.flush()
    rows = database.execute("SELECT * FROM labelled_prediction").fetchall()
    assert len(rows) == 2
    assert "secret" not in repr(rows)
    assert "987654" not in repr(rows)


def test_predictions_go_with_their_version_and_with_time(scope: Scope) -> None:
    version = a_version(scope, "run-1")
    served = labelled_predictions.ServedLabels(version.id, "text:x", "", {"food": 1.0}, None, NOW)
    labelled_predictions.store(scope, [served, served._replace(model_id="gone"), served._replace(subject="text:y")])
    assert labelled_predictions.count_served(scope, version.id) == 2
    assert labelled_predictions.purge(scope.database, NOW) == 0
    assert labelled_predictions.purge(scope.database, LATER) == 2
    labelled_predictions.store(scope, [served])
    registry.delete(scope, version.id)
    assert labelled_predictions.count_served(scope, version.id) == 0


def test_types_whose_outcomes_are_measured_have_no_labels() -> None:
    for kind in model_types.all_model_types().values():
        assert kind.outcomes.measured is not (kind.subject != "post" or bool(kind.labels)), kind.name
