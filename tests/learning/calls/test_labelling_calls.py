"""Labelled examples, and the classifiers trained on them, on the wire."""

from __future__ import annotations

import grpc
import pytest

from groundswell.v1 import common_pb2, engagement_pb2
from groundswell.v1 import learning_pb2 as pb
from groundswell.v1.learning_pb2_grpc import LearningServiceStub
from tests.errors import refusal
from tests.learning import labelled
from tests.learning.calls import labels, world
from tests.learning.calls.drafts import a_draft, a_poor_draft
from tests.learning.calls.studio import POSTS, Studio

TOPIC, BOTS, CONVERSION = "TOPIC_CLASSIFIER", "BOT_DETECTOR", "CONVERSION_PREDICTOR"
A_BOT = common_pb2.AccountProfile(
    handle="@x9384726", follower_count=15, following_count=3000, media_count=0, bio_length=0, has_picture=False
)
A_PERSON = common_pb2.AccountProfile(
    handle="anna.lind", follower_count=480, following_count=320, media_count=60, bio_length=70, has_picture=True
)


def test_examples_are_counted_and_come_in_once(empty: Studio) -> None:
    sent = labels.texts(250)
    first, again = labels.send(empty, TOPIC, sent), labels.send(empty, TOPIC, sent)
    assert first.added_count + first.duplicate_count == 250
    assert first.added_count > 240
    assert (again.added_count, again.duplicate_count) == (0, 250)


def test_an_example_that_is_refused_is_named_by_its_line(empty: Studio) -> None:
    good = pb.TrainingExample(line=1, label="food", text="soup")
    bad = [
        pb.TrainingExample(line=2, text="soup without a label"),
        pb.TrainingExample(line=3, label="food"),
        pb.TrainingExample(line=4, label="food", text="a\0b"),
        pb.TrainingExample(line=5, label="food", profile=A_BOT),
        pb.TrainingExample(line=6, label="food", text="x" * 10_001),
    ]
    report = labels.send(empty, TOPIC, [*bad, good])
    assert (report.added_count, report.refused_count) == (1, 5)
    assert [(one.line, one.field) for one in report.refused_examples] == [
        (2, "label"),
        (3, "subject"),
        (4, "text"),
        (5, "profile"),
        (6, "text"),
    ]


def test_a_text_gets_its_labels_with_probabilities_and_the_version_that_gave_them(
    empty: Studio, stranger: LearningServiceStub
) -> None:
    labels.send(empty, TOPIC, labels.texts(200))
    model = empty.train(TOPIC, as_of_time=None)
    assert model.stage == pb.MODEL_STAGE_LIVE, list(model.notes)
    assert model.majority_class_baseline.brier > model.test_metrics.brier
    assert model.test_metrics.accuracy > 0.7
    for other in ("trailing_mean_baseline", "last_value_baseline", "lexicon_baseline"):
        assert not model.HasField(other), "it is not compared with that"
    request = pb.ClassifyTextRequest(
        model_type=pb.MODEL_TYPE_TOPIC_CLASSIFIER, texts=["a flight to the beach", "soup with bread"]
    )
    response = empty.learning.ClassifyText(request)
    assert [one.label for one in response.classes] == ["travel", "food"]
    for one in response.classes:
        assert one.label == one.probabilities[0].label
        assert {each.label for each in one.probabilities} == set(labelled.TOPICS)
        assert sum(each.probability for each in one.probabilities) == pytest.approx(1.0, abs=1e-5)
        assert not one.HasField("sentiment_score")
    assert (response.model_id, response.model_version) == (model.id, 1)
    importance = empty.learning.GetFeatureImportance(
        pb.GetFeatureImportanceRequest(model_type=pb.MODEL_TYPE_TOPIC_CLASSIFIER)
    )
    assert (importance.model_id, len(importance.features)) == (model.id, 0)
    with refusal() as refused:
        stranger.ClassifyText(request)
    assert refused.reason == "MODEL_NOT_LIVE"


def test_a_mood_has_a_score_too(empty: Studio) -> None:
    moods = {"beauty": "positive", "travel": "neutral", "food": "negative"}
    sent = labels.texts(120)
    for example in sent:
        example.label = moods[example.label]
    labels.send(empty, "SENTIMENT_ANALYZER", sent)
    model = empty.train("SENTIMENT_ANALYZER", as_of_time=None)
    assert model.test_metrics.brier < min(model.lexicon_baseline.brier, model.majority_class_baseline.brier)
    request = pb.ClassifyTextRequest(model_type=pb.MODEL_TYPE_SENTIMENT_ANALYZER, texts=["serum glow", "soup bread"])
    response = empty.learning.ClassifyText(request)
    good, bad = response.classes
    assert (response.method, response.model_version) == (pb.CLASSIFICATION_METHOD_MODEL, 1)
    assert (good.label, bad.label) == ("positive", "negative")
    assert good.sentiment_score > 0 > bad.sentiment_score
    of = {one.label: one.probability for one in good.probabilities}
    assert good.sentiment_score == pytest.approx(of["positive"] - of["negative"])


def test_until_there_is_a_model_moods_are_vaders_and_only_of_english(empty: Studio) -> None:
    texts = ["I love this so much!", "This is horrible.", "Das gefällt mir überhaupt nicht", "🔥🔥🔥", "12:30"]
    request = pb.ClassifyTextRequest(model_type=pb.MODEL_TYPE_SENTIMENT_ANALYZER, texts=texts)
    response = empty.learning.ClassifyText(request)
    assert [one.label for one in response.classes] == ["positive", "negative", "unsupported", "positive", "neutral"]
    assert (response.method, response.model_id) == (pb.CLASSIFICATION_METHOD_LEXICON, "")
    good, bad, other, _, _ = response.classes
    assert good.sentiment_score > 0.5 > -0.3 > bad.sentiment_score
    assert not other.HasField("sentiment_score")
    assert not any(one.probabilities for one in response.classes)


def test_accounts_are_told_apart_by_figures_and_no_name_is_kept(empty: Studio, stranger: LearningServiceStub) -> None:
    sent = labels.profiles(300)
    sent[0].profile.handle, sent[0].profile.display_name = "secret.handle77", "Secret Name"
    labels.send(empty, BOTS, sent)
    model = empty.train(BOTS, as_of_time=None)
    assert model.stage == pb.MODEL_STAGE_LIVE, list(model.notes)
    assert model.test_metrics.f1 > 0.75
    response = empty.learning.ClassifyProfiles(pb.ClassifyProfilesRequest(profiles=[A_BOT, A_PERSON]))
    bot, person = response.classes
    assert bot.bot_probability > 0.7 > 0.2 > person.bot_probability
    for one in response.classes:
        assert one.interval.lower <= one.bot_probability <= one.interval.upper
        assert one.interval.level == 0.95
    assert (response.model_id, response.model_version) == (model.id, 1)
    with refusal() as refused:
        stranger.ClassifyProfiles(pb.ClassifyProfilesRequest(profiles=[A_BOT]))
    assert refused.reason == "MODEL_NOT_LIVE"
    with empty.server.app.database.scope(empty.workspace) as scope:
        stored = scope.execute("SELECT profile, text, key FROM training_example").fetchall()
    assert "ecret" not in str(stored)


def test_the_conversions_of_posts_are_learnt_by_their_ids(empty: Studio) -> None:
    empty.publish(world.posts(POSTS))
    posts = empty.engagement.ListPosts(engagement_pb2.ListPostsRequest(page_size=POSTS)).posts
    sent = [
        pb.TrainingExample(
            line=line, post_id=post.id, label="converted" if post.media_type == 4 and line % 10 else "not_converted"
        )
        for line, post in enumerate(posts, 1)
    ]
    assert labels.send(empty, CONVERSION, sent).added_count == POSTS
    model = empty.train(CONVERSION, as_of_time=None, lookback_days=3650)
    assert model.stage == pb.MODEL_STAGE_LIVE, list(model.notes)
    assert "success_threshold_pct" not in model.parameters
    good, poor = a_draft(empty), a_poor_draft(empty)
    likely, unlikely = (
        empty.learning.PredictConversion(pb.PredictConversionRequest(draft=draft)) for draft in (good, poor)
    )
    assert likely.conversion_probability > 0.6 > 0.3 > unlikely.conversion_probability
    assert likely.interval.lower <= likely.conversion_probability <= likely.interval.upper
    assert (likely.model_id, likely.model_version) == (model.id, 1)
    report = empty.learning.DeleteTrainingExamples(
        pb.DeleteTrainingExamplesRequest(model_type=pb.MODEL_TYPE_CONVERSION_PREDICTOR)
    )
    assert report.deleted_count == POSTS


@pytest.mark.parametrize("name", ["TONE_CLASSIFIER", "SPAM_DETECTOR", "BOT_DETECTOR", "CONVERSION_PREDICTOR"])
def test_without_a_live_model_there_is_no_class(empty: Studio, name: str) -> None:
    with refusal() as refused:
        if name == BOTS:
            empty.learning.ClassifyProfiles(pb.ClassifyProfilesRequest(profiles=[A_BOT]))
        elif name == CONVERSION:
            empty.learning.PredictConversion(pb.PredictConversionRequest(draft=pb.ContentDraft(caption="Hello")))
        else:
            kind = pb.ModelType.Value(f"MODEL_TYPE_{name}")
            empty.learning.ClassifyText(pb.ClassifyTextRequest(model_type=kind, texts=["Hello"]))
    assert (refused.code, refused.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "MODEL_NOT_LIVE")
    assert refused.metadata == {"model_type": name}


def test_a_batch_of_another_type_is_no_batch(empty: Studio) -> None:
    request = pb.AddTrainingExamplesRequest(model_type=1, examples=[pb.TrainingExample(label="x", text="y")])
    with refusal() as refused:
        empty.learning.AddTrainingExamples(iter([request]))
    assert (refused.code, refused.fields) == (grpc.StatusCode.INVALID_ARGUMENT, ("model_type",))


def test_too_few_texts_are_refused_with_their_number(empty: Studio) -> None:
    labels.send(empty, TOPIC, labels.texts(30))
    name = empty.learning.TrainModel(pb.TrainModelRequest(model_type=pb.MODEL_TYPE_TOPIC_CLASSIFIER)).operation.name
    world.work(empty.server)
    with empty.server.app.database.scope("") as scope:
        found = scope.execute(
            "SELECT error_reason, error_message FROM operation WHERE id = ?", (name.removeprefix("operations/"),)
        ).fetchone()
    assert found[0] == "INSUFFICIENT_SAMPLES"
    assert "texts" in found[1]
