"""The baseline that is stored with a version: the errors of its test and its training features."""

from __future__ import annotations

import numpy as np
import pytest

from groundswell_server.learning.features.post_features import category, feature_values
from groundswell_server.models.drift.assessment import compare_features
from groundswell_server.models.drift.baseline import MISSING, Baseline
from groundswell_server.models.training.trainer import TrainedModel
from tests.learning.simulated_posts import Simulation


def kept(simulation: Simulation) -> list[dict[str, object]]:
    """The simulated posts as predictions of them are kept."""
    rows = []
    for example in simulation.examples:
        values = [None if value != value else value for value in feature_values(example.facts)]
        rows.append({"values": values, "category": category(example.facts)})
    return rows


@pytest.mark.parametrize("which", ["trained_rates", "trained_success"])
def test_the_mean_error_is_the_headline_metric_of_the_test(which: str, request: pytest.FixtureRequest) -> None:
    trained: TrainedModel = request.getfixturevalue(which)
    metric = trained.report.headline_metric
    assert trained.baseline.errors.mean == pytest.approx(trained.report.test[metric])


def test_it_survives_being_kept(trained_rates: TrainedModel) -> None:
    read = Baseline.from_bytes(trained_rates.baseline.to_bytes())
    assert read.errors == trained_rates.baseline.errors
    assert read.categories == ["action", "inspiration", "product"]
    for name, feature in trained_rates.baseline.features.items():
        np.testing.assert_allclose(read.features[name].points, feature.points, atol=1e-5)


def test_what_it_learnt_from_is_no_drift(trained_rates: TrainedModel, simulation: Simulation) -> None:
    found = compare_features(trained_rates.baseline, kept(simulation)[-200:])
    # Hours and categories come as they came; a persona's followers and its record repeat themselves.
    by_name = {one.feature: one for one in found}
    assert by_name["content_category"].p_value > 0.05
    assert by_name["media_type"].p_value > 0.05


def test_a_category_that_is_new_is_drift(trained_rates: TrainedModel, simulation: Simulation) -> None:
    rows = [{**row, "category": "gaming"} for row in kept(simulation)[-100:]]
    found = compare_features(trained_rates.baseline, rows)[0]
    assert (found.feature, found.distance) == ("content_category", 1.0)


def test_a_value_that_goes_missing_is_drift(trained_rates: TrainedModel, simulation: Simulation) -> None:
    rows = kept(simulation)[-100:]
    for row in rows:
        row["values"][11] = None  # type: ignore[index]
    by_name = {one.feature: one for one in compare_features(trained_rates.baseline, rows)}
    assert by_name["hashtag_count"].distance == 1.0
    assert trained_rates.baseline.values(rows)["hashtag_count"].max() == MISSING
