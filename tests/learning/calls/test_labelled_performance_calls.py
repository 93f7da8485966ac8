"""A classifier in service: labels that are added later score its predictions, and drift is found from them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from groundswell.v1 import learning_pb2 as pb
from tests.errors import refusal
from tests.learning import labelled
from tests.learning.calls import labels
from tests.learning.calls.studio import Studio
from tests.patience import eventually

TOPIC = "TOPIC_CLASSIFIER"
KIND = pb.MODEL_TYPE_TOPIC_CLASSIFIER


def performance(studio: Studio) -> pb.GetModelPerformanceResponse:
    return studio.learning.GetModelPerformance(pb.GetModelPerformanceRequest(model_type=KIND))


def unseen(count: int) -> list[tuple[str, str]]:
    """Texts with their labels, that no version has learnt from."""
    return sorted({(one.subject, one.label) for one in labelled.texts(count, seed=99)})


def correct(studio: Studio, found: Sequence[tuple[str, str]]) -> None:
    examples = [pb.TrainingExample(line=line, text=text, label=label) for line, (text, label) in enumerate(found, 1)]
    assert labels.send(studio, TOPIC, examples).refused_count == 0


def test_a_classifier_is_scored_by_the_labels_that_come_in(empty: Studio) -> None:
    labels.send(empty, TOPIC, labels.texts(200))
    assert empty.train(TOPIC, as_of_time=None).stage == pb.MODEL_STAGE_LIVE
    asked = unseen(150)
    classify = pb.ClassifyTextRequest(model_type=KIND, texts=[text for text, _ in asked])
    eventually(lambda: empty.learning.ClassifyText(classify).model_id)
    before = performance(empty)
    assert before.total.prediction_count == len(asked)
    assert (before.total.outcome_count, before.total.HasField("metrics")) == (0, False)
    with refusal() as refused:
        empty.learning.CheckDrift(pb.CheckDriftRequest(model_type=KIND))
    assert refused.reason == "INSUFFICIENT_SAMPLES"

    correct(empty, asked)

    after = performance(empty).total
    assert after.outcome_count > 100
    assert after.metrics.accuracy > 0.8
    assert after.mean_outcome == pytest.approx(after.metrics.accuracy)
    report = empty.learning.CheckDrift(pb.CheckDriftRequest(model_type=KIND)).report
    assert report.sample_count == after.outcome_count
    assert report.status == pb.DRIFT_STATUS_NO_DRIFT

    names = sorted({label for _, label in asked})
    others = {name: names[(place + 1) % len(names)] for place, name in enumerate(names)}
    correct(empty, [(text, others[label]) for text, label in asked])

    assert performance(empty).total.metrics.accuracy < 0.2
    assert empty.learning.CheckDrift(pb.CheckDriftRequest(model_type=KIND)).report.status == pb.DRIFT_STATUS_CRITICAL
