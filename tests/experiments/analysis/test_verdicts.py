"""The rules of verdicts and their order."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from groundswell_server.experiments.analysis.verdicts import (
    BrokenGuardrail,
    Contender,
    DecidingTest,
    Evidence,
    Rules,
    decide,
    deciding_test,
)
from groundswell_storage.experiments.enums import ExperimentKind, Verdict

RULES = Rules()
CONTROL = Contender("control", 5_000, 0.10)
BETTER = Contender("blue", 5_000, 0.12, gain=0.02, lift=0.2, p_value=0.003)
WORSE = Contender("red", 5_000, 0.08, gain=-0.02, lift=-0.2, p_value=0.003)
SAME = Contender("grey", 5_000, 0.101, gain=0.001, lift=0.01, p_value=0.7)
CLEAR = Evidence(timedelta(days=7), None, (), CONTROL, (BETTER, SAME), DecidingTest.ALWAYS_VALID)


def test_the_best_of_those_better_than_the_control_wins() -> None:
    best = Contender("green", 5_000, 0.13, gain=0.03, lift=0.3, p_value=0.01)
    found = decide(replace(CLEAR, others=(BETTER, best, SAME)), RULES)
    assert (found.verdict, found.winner) == (Verdict.WINNER, "green")
    assert found.ranking == ("green", "blue", "grey", "control")
    assert found.confidence == pytest.approx(0.99)
    assert "green beats control by 30.0%" in found.explanation
    assert "always-valid p = 0.01" in found.explanation


def test_each_verdict_comes_before_those_below_it() -> None:
    """All rules apply at first; each correction reveals the next verdict."""
    tiny = replace(BETTER, gain=0.001, lift=0.01)
    wrong = Evidence(
        runtime=timedelta(hours=1),
        srm_p=1e-6,
        broken=(BrokenGuardrail("latency", "blue", 0.01),),
        control=replace(CONTROL, units=20),
        others=(SAME,),
        test=DecidingTest.ALWAYS_VALID,
    )
    steps = [
        wrong,
        replace(wrong, srm_p=None),
        replace(wrong, srm_p=None, broken=()),
        replace(wrong, srm_p=None, broken=(), runtime=timedelta(days=2)),
        replace(wrong, srm_p=None, broken=(), runtime=timedelta(days=2), control=CONTROL),
        replace(CLEAR, others=(tiny, SAME)),
        CLEAR,
    ]
    found = [decide(step, RULES) for step in steps]
    assert [decision.verdict for decision in found] == list(Verdict)[1:]
    assert [bool(decision.winner) for decision in found] == [False] * 6 + [True]
    assert [decision.confidence for decision in found] == pytest.approx([0.0, 0.99, 0.0, 0.0, 0.3, 0.997, 0.997])
    assert "run for 1 hour; min_runtime is 24 hours" in found[2].explanation
    assert all(first.explanation != second.explanation for first, second in pairwise(found))


def test_thirty_units_are_needed_whatever_the_settings() -> None:
    lenient = Rules(min_sample_size_per_variant=0)
    few = replace(CLEAR, others=(replace(BETTER, units=29),))
    assert decide(few, lenient).verdict is Verdict.NEEDS_SAMPLES
    assert decide(replace(few, others=(replace(BETTER, units=30),)), lenient).verdict is Verdict.WINNER


@pytest.mark.parametrize(
    ("evidence", "verdict"),
    [
        (replace(CLEAR, runtime=timedelta(hours=24)), Verdict.WINNER),
        (replace(CLEAR, runtime=timedelta(hours=23, minutes=59)), Verdict.NEEDS_RUNTIME),
        (replace(CLEAR, control=replace(CONTROL, units=100)), Verdict.WINNER),
        (replace(CLEAR, control=replace(CONTROL, units=99)), Verdict.NEEDS_SAMPLES),
        (replace(CLEAR, others=(replace(BETTER, p_value=0.049),)), Verdict.WINNER),
        (replace(CLEAR, others=(replace(BETTER, p_value=0.05),)), Verdict.NOT_SIGNIFICANT),
        (replace(CLEAR, others=(replace(BETTER, lift=0.05),)), Verdict.WINNER),
        (replace(CLEAR, others=(replace(BETTER, lift=0.049),)), Verdict.EFFECT_TOO_SMALL),
    ],
)
def test_each_rule_has_its_threshold(evidence: Evidence, verdict: Verdict) -> None:
    assert decide(evidence, RULES).verdict is verdict


def test_the_control_wins_only_over_all() -> None:
    alone = decide(replace(CLEAR, others=(WORSE,)), RULES)
    assert alone.winner == "control"
    assert alone.explanation.startswith("control beats red by 20.0%")
    worst = replace(WORSE, key="black", gain=-0.04, lift=-0.4)
    among = decide(replace(CLEAR, others=(worst, WORSE)), RULES)
    assert among.explanation.startswith("control beats red, the closest of the other variants, by 20.0%")
    some = decide(replace(CLEAR, others=(WORSE, SAME)), RULES)
    assert (some.verdict, some.winner) == (Verdict.NOT_SIGNIFICANT, "")
    barely = replace(WORSE, gain=-0.001, lift=-0.01)
    assert decide(replace(CLEAR, others=(WORSE, barely)), RULES).verdict is Verdict.EFFECT_TOO_SMALL


def test_a_difference_from_zero_is_large_enough() -> None:
    first = replace(CLEAR, control=replace(CONTROL, mean=0.0), others=(replace(BETTER, lift=None),))
    assert decide(first, RULES).winner == "blue"


def test_a_lower_mean_ranks_first_if_the_direction_is_decrease() -> None:
    found = decide(replace(CLEAR, others=(replace(WORSE, gain=0.02),), higher_is_better=False), RULES)
    assert found.winner == "red"
    assert found.ranking == ("red", "control")


@pytest.mark.parametrize(
    ("kind", "units", "automatic", "spent", "expected"),
    [
        (ExperimentKind.AB_TEST, 10_000, False, False, DecidingTest.FIXED),
        (ExperimentKind.AB_TEST, 12_000, False, False, DecidingTest.FIXED),
        (ExperimentKind.AB_TEST, 9_999, False, False, DecidingTest.ALWAYS_VALID),
        (ExperimentKind.AB_TEST, 10_000, False, True, DecidingTest.ALWAYS_VALID),
        (ExperimentKind.AB_TEST, 10_000, True, False, DecidingTest.ALWAYS_VALID),
        (ExperimentKind.SEQUENTIAL, 10_000, False, False, DecidingTest.ALWAYS_VALID),
        (ExperimentKind.MULTIVARIATE, 10_000, False, False, DecidingTest.ALWAYS_VALID),
        (ExperimentKind.BANDIT, 10_000, False, False, DecidingTest.ALWAYS_VALID),
    ],
)
def test_the_fixed_horizon_p_value_counts_once(
    kind: ExperimentKind, units: int, automatic: bool, spent: bool, expected: DecidingTest
) -> None:
    assert deciding_test(kind, units, 10_000, is_scheduled=automatic, is_spent=spent) is expected
