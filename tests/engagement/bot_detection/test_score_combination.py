from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell_server.engagement.bot_detection.filter_settings import FilterSettings
from groundswell_server.engagement.bot_detection.layer_findings import LayerFindings, Signals
from groundswell_server.engagement.bot_detection.reasons import Layer, Reason, explain
from groundswell_server.engagement.bot_detection.score_combination import DECISIVE, combine
from groundswell_storage.engagement.enums import Verdict
from tests.engagement.defaults import FILTER

EVERYBODY = np.ones(1, np.bool_)


def findings(layer: Layer, *signals: tuple[Reason, float]) -> LayerFindings:
    return LayerFindings(
        layer, EVERYBODY, tuple(Signals.collect(reason, [(0, odds, math.nan)]) for reason, odds in signals)
    )


def probability(*found: LayerFindings, settings: FilterSettings | None = None) -> float:
    return float(combine(found, 1, settings or FILTER).probabilities[0])


def test_without_signs_the_prior_stands() -> None:
    assert probability(settings=replace(FILTER, prior_bot_share=0.2)) == pytest.approx(0.2)


def test_log_odds_of_different_layers_add_up() -> None:
    found = probability(
        findings(Layer.TIME, (Reason.INSTANT_REPLY, 1.0)),
        findings(Layer.TEXT, (Reason.POINTER, 2.0)),
        settings=replace(FILTER, prior_bot_share=0.5),
    )

    assert math.log(found / (1 - found)) == pytest.approx(3.0)


def test_of_one_layer_the_strongest_counts_in_full_and_the_others_by_half() -> None:
    found = probability(
        findings(Layer.TEXT, (Reason.LIKE_BAIT, 1.0), (Reason.POINTER, 2.0)),
        settings=replace(FILTER, prior_bot_share=0.5),
    )

    assert math.log(found / (1 - found)) == pytest.approx(2.5)


@given(st.floats(0.0, DECISIVE - 0.01), st.floats(0.01, 0.99), st.floats(0.01, 0.9))
def test_a_single_weak_sign_never_decides(log_odds: float, threshold: float, prior: float) -> None:
    settings = replace(FILTER, threshold=threshold, prior_bot_share=prior)

    judgments = combine([findings(Layer.TEXT, (Reason.POINTER, log_odds))], 1, settings)

    assert judgments.judgment(0).verdict is Verdict.GENUINE


@given(st.lists(st.tuples(st.sampled_from(list(Layer)), st.floats(0, 5)), max_size=6), st.floats(0.1, 3.0))
def test_another_sign_never_lowers_the_probability(signals: list[tuple[Layer, float]], more: float) -> None:
    def layered(all_signs: list[tuple[Layer, float]]) -> list[LayerFindings]:
        reasons = list(Reason)
        return [
            findings(layer, *((reasons[1 + at], odds) for at, (of, odds) in enumerate(all_signs) if of is layer))
            for layer in Layer
        ]

    assert probability(*layered([*signals, (Layer.TEXT, more)])) >= probability(*layered(signals)) - 1e-12


def test_layers_still_to_come_join_without_a_change() -> None:
    """Profile and graph hand in findings like any other layer."""
    judgments = combine(
        [
            findings(Layer.TEXT),
            findings(Layer.PROFILE, (Reason.POINTER, 2.0)),
            LayerFindings(Layer.GRAPH, np.zeros(1, np.bool_), ()),
        ],
        1,
        replace(FILTER, prior_bot_share=0.5),
    )

    assert judgments.judgment(0).layers == (Layer.TEXT, Layer.PROFILE)
    assert judgments.judgment(0).reasons[0].layer is Layer.PROFILE


def test_a_higher_threshold_leaves_more_in() -> None:
    signal = findings(Layer.TEXT, (Reason.EXTERNAL_LINK, 3.4))

    assert combine([signal], 1, FILTER).count(Verdict.BOT) == 1
    assert combine([signal], 1, replace(FILTER, threshold=0.9)).count(Verdict.BOT) == 0


def test_a_layer_that_found_nothing_speaks_for_a_person_when_no_other_found_anything() -> None:
    silent = LayerFindings(Layer.TEXT, EVERYBODY, (), absence_log_odds=-2.0)
    half = replace(FILTER, prior_bot_share=0.5)

    assert probability(silent, settings=half) == pytest.approx(1 / (1 + math.exp(2)))
    assert probability(silent, findings(Layer.TIME, (Reason.BURST, 4.0)), settings=half) > 0.98


def test_an_empty_batch_has_no_judgments() -> None:
    assert list(combine([], 0, FILTER)) == []


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_can_be_reported_in_words(reason: Reason) -> None:
    assert explain(reason, 12.0)
