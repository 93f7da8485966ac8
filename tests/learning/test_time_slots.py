"""The best hours: shrinkage, and the coverage of intervals."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from groundswell_server.learning.timing.time_slots import HOURS, TimedRates, estimate_timing
from groundswell_server.statistics.shrinkage import shrink
from groundswell_storage.errors import FailedPrecondition

EFFECTS = np.array([28.0, 8, -3, 7, -1, 1, 18, 12])
ERRORS = np.array([15.0, 10, 16, 11, 9, 11, 10, 18])


def test_the_eight_schools() -> None:
    """Rubin 1981; Gelman et al. 2013, table 5.2 for the data, 5.3 for medians and intervals, from 200 draws there."""
    found = shrink(EFFECTS, ERRORS, np.zeros(8), largest_spread=60.0)
    np.testing.assert_allclose(found.mean, [10, 8, 7, 8, 5, 6, 10, 8], atol=1.5)
    low, high = np.array([-2, -5, -11, -7, -9, -7, -1, -6]), np.array([31, 23, 19, 21, 18, 18, 26, 33])
    np.testing.assert_allclose(found.deviation, (high - low) / (2 * 1.96), atol=2.5)


def test_the_eight_schools_by_drawing_from_the_posterior() -> None:
    """The Gibbs sampler of Gelman et al. 2013, section 11.6, an independent computation."""
    random = np.random.default_rng(8)
    mean, spread, draws = 8.0, 5.0, []
    for _ in range(40_000):
        precision = 1 / ERRORS**2 + 1 / spread**2
        truth = random.normal((EFFECTS / ERRORS**2 + mean / spread**2) / precision, precision**-0.5)
        mean = random.normal(truth.mean(), spread / 8**0.5)
        # A flat prior on the spread leaves a scaled inverse chi-square with 7 degrees of freedom on its square.
        spread = (np.sum((truth - mean) ** 2) / random.chisquare(7)) ** 0.5
        draws.append(truth)
    sampled = np.array(draws[1_000:])
    found = shrink(EFFECTS, ERRORS, np.zeros(8), largest_spread=80.0)
    np.testing.assert_allclose(found.mean, sampled.mean(axis=0), atol=0.4)
    np.testing.assert_allclose(found.deviation, sampled.std(axis=0), atol=0.4)


def test_with_much_data_it_is_the_mixed_model_of_statsmodels() -> None:
    random = np.random.default_rng(1)
    hours = np.repeat(np.arange(24), 40)
    rates = 3.0 + random.normal(0, 0.8, 24)[hours] + random.normal(size=len(hours))
    frame = pd.DataFrame({"rate": rates, "hour": hours})
    fit = smf.mixedlm("rate ~ 1", frame, groups="hour").fit(reml=True)
    expected = fit.params["Intercept"] + np.array([fit.random_effects[hour].iloc[0] for hour in range(24)])
    found = estimate_timing(TimedRates(hours, hours % 7, rates, np.array(["a"] * len(rates))))
    by_hour = {slot.hour: slot.engagement_rate_pct.value for slot in found.hours}
    np.testing.assert_allclose([by_hour[hour] for hour in range(24)], expected, atol=0.03)


def test_an_unobserved_mean_keeps_its_expected_value() -> None:
    found = shrink(np.array([3.0, 5.0, 0.0]), np.array([0.1, 0.1, np.inf]), np.array([2.0, 4.0, 7.0]))
    assert found.mean[2] == pytest.approx(8.0, abs=0.05)  # both others are 1 above what was expected
    assert found.pull[2] == pytest.approx(1.0)
    assert found.deviation[2] > found.deviation[0]


def test_intervals_hold_the_truth() -> None:
    """Over 60 simulated personas whose hours truly differ by a standard deviation of 0.5."""
    random, inside, slots = np.random.default_rng(2), [], []
    for _ in range(60):
        truth = 3.0 + random.normal(0, 0.5, HOURS)
        hours = random.integers(0, HOURS, 150)
        rates = np.maximum(truth[hours] + random.normal(0, 1.0, 150), 0.0)
        found = estimate_timing(TimedRates(hours, random.integers(0, 7, 150), rates, np.array(["a"] * 150)))
        inside += [
            slot.engagement_rate_pct.lower <= truth[slot.hour] <= slot.engagement_rate_pct.upper for slot in found.hours
        ]
        slots += [
            slot.engagement_rate_pct.lower <= truth[slot.hour] <= slot.engagement_rate_pct.upper for slot in found.slots
        ]
    assert 0.92 <= np.mean(inside) <= 0.98
    assert np.mean(slots) >= 0.92


def test_a_lucky_post_does_not_make_a_best_hour() -> None:
    random = np.random.default_rng(3)
    hours = np.concatenate([np.repeat(np.arange(6, 24), 20), [4]])
    rates = np.concatenate([random.normal(np.where(hours[:-1] == 18, 4.5, 3.0), 1.0), [8.5]])
    found = estimate_timing(TimedRates(hours, hours % 7, rates, np.array(["a"] * len(hours))))
    by_hour = {slot.hour: slot for slot in found.hours}
    assert by_hour[4].raw_mean_pct == 8.5
    assert by_hour[4].engagement_rate_pct.value < 5.5
    rare, frequent = by_hour[4].engagement_rate_pct, by_hour[18].engagement_rate_pct
    assert rare.upper - rare.lower > frequent.upper - frequent.lower
    assert by_hour[18].probability_above_average > 0.99


def test_a_persona_with_few_posts_follows_the_platform() -> None:
    random = np.random.default_rng(4)
    pattern = np.where(np.arange(HOURS) >= 18, 2.0, 0.0)
    others_hours, own_hours = random.integers(0, HOURS, 2_000), random.integers(0, HOURS, 20)
    others = 10.0 + pattern[others_hours] + random.normal(0, 1.0, 2_000)
    own = 3.0 + random.normal(0, 1.0, 20)
    rates = TimedRates(
        np.concatenate([others_hours, own_hours]),
        random.integers(0, 7, 2_020),
        np.concatenate([others, own]),
        np.array(["other"] * 2_000 + ["own"] * 20),
    )
    found = estimate_timing(rates, "own")
    assert all(slot.hour >= 18 for slot in found.hours[:4])
    assert all(
        slot.engagement_rate_pct.value < 7 for slot in found.hours
    )  # the pattern is the platform's, the level its own
    assert "2000 posts of other personas" in found.notes[0]
    assert found.sample_size == 20


def test_hours_are_those_of_the_personas_clock() -> None:
    time = datetime(2026, 7, 5, 22, 30, tzinfo=UTC)
    rates = TimedRates.of([time] * 2, ["Europe/Berlin", "America/New_York"], [1.0, 2.0], ["a", "b"])
    assert (rates.hours.tolist(), rates.weekdays.tolist()) == ([0, 18], [0, 6])


def test_all_hours_and_slots_are_there_best_first() -> None:
    random = np.random.default_rng(5)
    found = estimate_timing(
        TimedRates(
            random.integers(0, 24, 100), random.integers(0, 7, 100), random.exponential(3, 100), np.array(["a"] * 100)
        )
    )
    assert sorted(slot.hour for slot in found.hours) == list(range(24))
    assert {(slot.weekday, slot.hour) for slot in found.slots} == {
        (day, hour) for day in range(1, 8) for hour in range(24)
    }
    for slots in (found.hours, found.slots):
        assert [slot.engagement_rate_pct.value for slot in slots] == sorted(
            (slot.engagement_rate_pct.value for slot in slots), reverse=True
        )
        assert all(
            0 <= slot.engagement_rate_pct.lower <= slot.engagement_rate_pct.value <= slot.engagement_rate_pct.upper
            for slot in slots
        )
    assert sum(slot.engagement_rate_pct.sample_size for slot in found.slots) == 100


def test_equal_rates_give_equal_hours() -> None:
    found = estimate_timing(TimedRates(np.arange(24), np.arange(24) % 7, np.full(24, 2.0), np.array(["a"] * 24)))
    assert {round(slot.engagement_rate_pct.value, 9) for slot in found.slots} == {2.0}


def test_too_few_posts_are_refused_with_their_number() -> None:
    with pytest.raises(FailedPrecondition) as refused:
        estimate_timing(TimedRates(np.arange(9), np.arange(9) % 7, np.ones(9), np.array(["a"] * 9)), "a")
    assert refused.value.reason == "INSUFFICIENT_SAMPLES"
    assert refused.value.metadata == {"have": "9", "need": "10"}
