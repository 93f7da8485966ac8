"""Drift is found soon where it exists, and rarely where it does not."""

from __future__ import annotations

import numpy as np
import pytest

from groundswell_server.models.drift.assessment import MIN_PREDICTIONS, Part
from groundswell_server.models.drift.error_stream import find_rise
from groundswell_server.statistics.two_sample_tests import Summary, welch_greater
from tests.learning.monitoring.alarms import detected_within, false_alarms
from tests.learning.monitoring.streams import simulate

UNIT = Summary(0.8, 0.6, 150)
"""Errors of a version whose residuals have a standard deviation of 1."""


def absolute(random: np.random.Generator, count: int, shift: float = 0.0) -> np.ndarray:
    return np.abs(random.normal(shift, 1.0, count))


@pytest.mark.parametrize(
    ("score", "p_value", "status"),
    [
        (0.09, 0.001, "NO_DRIFT"),
        (0.5, 0.05, "NO_DRIFT"),
        (0.1, 0.049, "WARNING"),
        (0.19, 0.001, "WARNING"),
        (0.2, 0.001, "CRITICAL"),
        (1.0, 0.0, "CRITICAL"),
    ],
)
def test_a_status_takes_a_score_and_a_p_value_both(score: float, p_value: float, status: str) -> None:
    assert Part("performance", score, p_value).status == status


def test_each_look_takes_more_to_alarm_than_the_one_before() -> None:
    stream = simulate(1, 100, shift_at=0, target_shift=1.5)
    first, tenth = stream.look(100, 1).parts[0], stream.look(100, 10).parts[0]
    assert tenth.score == first.score
    assert tenth.p_value == pytest.approx(55 * first.p_value)
    alone = welch_greater(stream.baseline.errors, Summary.of(np.abs(stream.residuals)))
    assert first.p_value == pytest.approx(4 * 2 * alone), "one of four parts, and half of the error at the first look"


def test_the_newest_hundred_errors_count() -> None:
    stream = simulate(9, 150)
    stream.residuals[:50] = 100.0
    assert stream.look(150, 1).live_error == pytest.approx(np.abs(stream.residuals[-100:]).mean())


def test_errors_that_double_are_a_matter_of_performance() -> None:
    stream = simulate(2, 100)
    stream.residuals[:] *= 2.5
    found = stream.look(100, 1)
    by_name = {part.name: part for part in found.parts}
    assert by_name["performance"].status == "CRITICAL"
    assert by_name["bias"].status == "NO_DRIFT"
    assert found.live_error > 1.5 * stream.baseline.errors.mean


def test_errors_that_shrink_are_no_drift() -> None:
    stream = simulate(3, 100)
    stream.residuals[:] *= 0.3
    assert stream.look(100, 1).decisive.status == "NO_DRIFT"


def test_outcomes_that_move_are_a_matter_of_bias() -> None:
    found = simulate(4, 60, shift_at=0, target_shift=-1.0).look(60, 1)
    assert found.decisive.status == "CRITICAL"
    assert {part.name: part.status for part in found.parts}["bias"] == "CRITICAL"


def test_a_feature_that_moves_is_named() -> None:
    found = simulate(5, 200, shift_at=0, input_shift=1.0).look(200, 1)
    assert (found.decisive.name, found.features[0].feature) == ("inputs", "hour")
    assert found.features[0].stability_index is None
    assert found.features[0].p_value < 0.001 < found.features[1].p_value


def test_the_stability_index_takes_500_rows() -> None:
    found = simulate(6, 500, shift_at=0, input_shift=1.0).look(500, 1)
    assert found.features[0].stability_index == pytest.approx(1.0, abs=0.3)
    assert all(one.stability_index is not None and one.stability_index < 0.1 for one in found.features[1:])
    fewer = simulate(6, 499, shift_at=0, input_shift=1.0).look(499, 1)
    assert all(one.stability_index is None for one in fewer.features)


def test_too_few_inputs_are_not_compared() -> None:
    stream = simulate(7, MIN_PREDICTIONS)
    found = stream.look(MIN_PREDICTIONS, 1)
    assert found.features
    bare = type(stream)(stream.baseline, stream.residuals, stream.inputs[:49]).look(MIN_PREDICTIONS, 1)
    assert not bare.features


def test_the_stream_tells_where_the_errors_rose() -> None:
    random = np.random.default_rng(8)
    found = find_rise(np.concatenate([absolute(random, 400), absolute(random, 200, shift=2.0)]), UNIT)
    assert found is not None
    assert abs(found.place - 400) <= 5
    assert found.before < 1.0 < 1.7 < found.after
    assert found.p_value < 1e-6


def test_a_fall_of_the_errors_is_no_rise() -> None:
    random = np.random.default_rng(9)
    assert find_rise(np.concatenate([absolute(random, 400, shift=2.0), absolute(random, 400)]), UNIT) is None


def test_a_level_stream_has_no_rise() -> None:
    assert find_rise(np.full(300, 0.5), Summary(0.5, 0.0, 100)) is None


def test_few_stationary_streams_alarm() -> None:
    assert false_alarms(40, outcomes=400) <= 0.05


@pytest.mark.parametrize("shift", [{"target_shift": 1.0}, {"target_shift": -1.0}, {"input_shift": 1.0}], ids=str)
def test_a_shift_of_one_standard_deviation_is_found_within_200_outcomes(shift: dict[str, float]) -> None:
    assert detected_within(200, 12, shift_at=100, **shift) >= 11 / 12


@pytest.mark.slow
def test_at_most_one_stationary_stream_in_twenty_alarms_in_20_looks() -> None:
    assert false_alarms(200) <= 0.05


@pytest.mark.slow
@pytest.mark.parametrize("shift", [{"target_shift": 1.0}, {"input_shift": 1.0}], ids=str)
def test_nearly_all_shifts_are_found_within_200_outcomes(shift: dict[str, float]) -> None:
    assert detected_within(200, 60, shift_at=300, **shift) >= 0.95
