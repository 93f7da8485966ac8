"""Models of accounts: features, unknown values, training and serving."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from groundswell_server.learning.features.profile_facts import ProfileFacts, digit_share
from groundswell_server.learning.features.profile_features import (
    PROFILE_FEATURES,
    ProfileEncoder,
    profile_rows,
    profile_values,
)
from groundswell_server.models import model_types
from groundswell_server.models.evaluation.class_metrics import precision_recall_f1
from groundswell_server.models.model_files import load_predictor
from groundswell_server.models.model_type import TrainingSettings
from groundswell_server.models.training.trainer import TrainedModel, train
from tests.learning.labelled import profiles

BOTS = model_types.get("BOT_DETECTOR")
A_BOT = ProfileFacts(followers=15, following=3000, media=0, bio_length=0, handle_digit_share=0.5, has_picture=False)
A_PERSON = ProfileFacts(followers=480, following=320, media=60, bio_length=70, handle_digit_share=0.0, has_picture=True)


@pytest.fixture(scope="module")
def trained() -> TrainedModel:
    return train(BOTS, profiles(400), TrainingSettings())


def test_figures_become_numbers_and_unknown_ones_nan() -> None:
    values = dict(zip(PROFILE_FEATURES, profile_values(ProfileFacts(followers=99, following=9)), strict=True))
    assert values["log_followers"] == pytest.approx(math.log(100))
    assert values["log_followers_per_following"] == pytest.approx(math.log(10))
    assert math.isnan(values["log_media_per_day"])
    assert math.isnan(values["has_picture"])


def test_figures_survive_their_json_and_hold_no_name() -> None:
    again = ProfileFacts.from_json(json.loads(json.dumps(A_BOT.to_json())))
    assert again == A_BOT
    assert not any(isinstance(value, str) for value in A_BOT.to_json().values())


def test_digits_in_a_name() -> None:
    assert digit_share("anna42") == pytest.approx(1 / 3)
    assert digit_share("") is None


def test_what_is_missing_becomes_the_median_and_a_flag() -> None:
    rows = profile_rows([ProfileFacts(media=0), ProfileFacts(media=9), ProfileFacts(media=99), ProfileFacts()])
    encoder = ProfileEncoder.fit(rows)
    assert encoder.columns == ("log_media", "log_media is missing")
    np.testing.assert_allclose(encoder.encode(rows[3:]), [[math.log(10), 1.0]])
    again = ProfileEncoder.from_json(json.loads(json.dumps(encoder.to_json())))
    np.testing.assert_array_equal(again.encode(rows), encoder.encode(rows))


def test_a_model_of_accounts_learns(trained: TrainedModel) -> None:
    report = trained.report
    assert report.beats_baselines
    assert report.test["f1"] > 0.85
    assert report.test["brier"] < report.baselines["majority_class"]["brier"] / 2
    assert report.test["calibration_error"] < 0.15


def test_what_serves_says_what_was_trained(trained: TrainedModel) -> None:
    assert trained.export_deviation < 1e-5
    predictor = load_predictor(trained.files.onnx, trained.files.card)
    bot, person = predictor.predict_one(A_BOT), predictor.predict_one(A_PERSON)
    assert bot.value > 0.8
    assert person.value < 0.1
    for found in (bot, person):
        assert 0.0 <= found.lower <= found.value <= found.upper <= 1.0
    assert len(predictor.predict([])) == 0


def test_an_account_of_which_nothing_is_known_is_about_as_likely_a_bot_as_any(trained: TrainedModel) -> None:
    predictor = load_predictor(trained.files.onnx, trained.files.card)
    assert 0.02 < predictor.predict_one(ProfileFacts()).value < 0.7


def test_accounts_that_nobody_has_seen_are_told_apart(trained: TrainedModel) -> None:
    predictor, unseen = load_predictor(trained.files.onnx, trained.files.card), profiles(400, seed=7)
    found = predictor.predict([example.subject for example in unseen]).value
    truth = np.array([example.label == "bot" for example in unseen])
    assert precision_recall_f1(truth, found > 0.5)[2] > 0.85
    assert np.mean(found[~truth] > 0.5) <= 0.05
    assert abs(found.mean() - truth.mean()) < 0.05


def test_what_a_model_goes_by_is_what_tells_bots_apart(trained: TrainedModel) -> None:
    importance = {one.feature: one for one in trained.importance}
    assert importance.keys() == set(PROFILE_FEATURES)
    assert sum(one.impurity.value for one in importance.values()) == pytest.approx(1.0)
    assert importance["has_link"].permutation.value == 0.0
    told = [one.feature for one in trained.importance[:6]]
    assert "handle_length" not in told
    assert trained.importance[0].permutation.lower > 0


def test_accounts_of_one_farm_are_not_tested_on() -> None:
    farms = [replace(example, group=f"farm {number % 10}") for number, example in enumerate(profiles(100))]
    rows = BOTS.collect(farms)
    fold = BOTS.newest(rows, 0.3)
    assert not {rows.groups[row] for row in fold.past} & {rows.groups[row] for row in fold.future}
