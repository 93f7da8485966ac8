"""What programs read: messages as JSON in which a number is one."""

from __future__ import annotations

import json

import pytest

from groundswell.v1 import engagement_pb2, experiments_pb2
from groundswell_server.cli.output import show_message

LARGE = 2**53 + 1
"""More than a double holds."""


def test_numbers_of_64_bits_are_numbers_wherever_they_stand(capsys: pytest.CaptureFixture[str]) -> None:
    experiment = experiments_pb2.Experiment(key="7")
    experiment.design.expected_total_sample = LARGE
    experiment.design.min_runtime.FromSeconds(60)
    experiment.phases.add(number=2, weights=[0.5, 0.5])
    show_message(experiment, choice_probabilities=[0.25])
    told = json.loads(capsys.readouterr().out)
    assert told["design"]["expected_total_sample"] == LARGE
    assert told["design"]["min_runtime"] == "60s"
    assert (told["key"], told["phases"][0]["number"], told["choice_probabilities"]) == ("7", 2, [0.25])


def test_numbers_in_maps_are_numbers_too(capsys: pytest.CaptureFixture[str]) -> None:
    show_message(engagement_pb2.Demographics(age_bands={"18-24": LARGE, "25-34": 0}))
    assert json.loads(capsys.readouterr().out)["age_bands"] == {"18-24": LARGE, "25-34": 0}
