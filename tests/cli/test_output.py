"""What programs read: messages as JSON in which a number is one."""

from __future__ import annotations

from groundswell.cli.messages import plain
from groundswell.v1 import engagement_pb2, experiments_pb2

LARGE = 2**53 + 1
"""More than a double holds."""


def test_numbers_of_64_bits_are_numbers_in_nested_messages() -> None:
    experiment = experiments_pb2.Experiment(key="7")
    experiment.design.expected_total_sample = LARGE
    experiment.design.min_runtime.FromSeconds(60)
    experiment.phases.add(number=2, weights=[0.5, 0.5])
    shown = plain(experiment)
    assert shown["design"]["expected_total_sample"] == LARGE
    assert shown["design"]["min_runtime"] == "60s"
    assert (shown["key"], shown["phases"][0]["number"]) == ("7", 2)


def test_numbers_in_maps_are_numbers_too() -> None:
    shown = plain(engagement_pb2.Demographics(age_bands={"18-24": LARGE, "25-34": 0}))
    assert shown["age_bands"] == {"18-24": LARGE, "25-34": 0}
