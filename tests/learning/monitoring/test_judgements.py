"""Predictions compared with labels, in metrics computed by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from groundswell_server.models.monitoring.judgements import judge
from groundswell_storage.learning.labelled_predictions import LabelledPrediction
from groundswell_storage.learning.model_versions import ModelVersion
from groundswell_storage.scope import Scope
from tests.learning.model_rows import a_version

NOW = datetime(2026, 4, 1, 12, tzinfo=UTC)


def a_version_of(scope: Scope, model_type: str) -> ModelVersion:
    return a_version(scope, "run-1", model_type=model_type)


def said(label: str, **probabilities: float) -> LabelledPrediction:
    return LabelledPrediction(probabilities, NOW, label, NOW, None)


def test_texts_of_any_labels_by_the_share_that_was_right(scope: Scope) -> None:
    judged = judge(
        a_version_of(scope, "TOPIC_CLASSIFIER"),
        [said("food", food=0.8, travel=0.2), said("travel", food=0.6, travel=0.4), said("sport", food=0.1, travel=0.9)],
    )
    # Half the squared distances: (0.04 + 0.04) / 2, (0.36 + 0.36) / 2, (0.01 + 0.81 + 1) / 2.
    assert judged.errors == pytest.approx([0.04, 0.36, 0.91])
    assert judged.residuals == pytest.approx([0.2, 0.6, 1.0])
    figures = judged.metrics()
    assert figures["accuracy"] == pytest.approx(1 / 3)
    assert figures["brier"] == pytest.approx((0.04 + 0.36 + 0.91) / 3)
    assert figures["sample_size"] == 3
    assert (judged.observed.mean_prediction, judged.observed.mean_outcome) == (
        pytest.approx((0.8 + 0.6 + 0.9) / 3),
        pytest.approx(1 / 3),
    )


def test_spam_by_the_probability_of_spam(scope: Scope) -> None:
    judged = judge(
        a_version_of(scope, "SPAM_DETECTOR"),
        [said("spam", genuine=0.1, spam=0.9), said("genuine", genuine=0.4, spam=0.6)],
    )
    figures = judged.metrics()
    assert (figures["precision"], figures["recall"]) == (0.5, 1.0)
    assert (judged.observed.mean_prediction, judged.observed.mean_outcome) == (pytest.approx(0.75), 0.5)


@pytest.mark.parametrize(
    ("model_type", "positive", "other"),
    [("BOT_DETECTOR", "bot", "genuine"), ("CONVERSION_PREDICTOR", "converted", "not_converted")],
)
def test_accounts_and_conversions_by_what_is_looked_for(
    scope: Scope, model_type: str, positive: str, other: str
) -> None:
    judged = judge(a_version_of(scope, model_type), [said(positive, **{positive: 0.9}), said(other, **{positive: 0.5})])
    assert judged.errors == pytest.approx([0.01, 0.25])
    assert judged.residuals == pytest.approx([0.1, -0.5])
    assert judged.metrics()["brier"] == pytest.approx(0.13)
    assert (judged.observed.mean_prediction, judged.observed.mean_outcome) == (pytest.approx(0.7), 0.5)
