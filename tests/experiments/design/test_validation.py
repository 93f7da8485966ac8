"""Validation of designs: defaults, refusals, and designs that are stored unchanged."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from groundswell_server.experiments.design.buckets import Namespace
from groundswell_server.experiments.design.design import Design, Factor, Metric, Variant
from groundswell_server.experiments.design.targeting_conditions import (
    AllOf,
    AnyOf,
    Compare,
    Contains,
    Equals,
    Exists,
    In,
    Negation,
    Operator,
    Version,
)
from groundswell_server.experiments.design.validation import complete
from groundswell_storage.errors import InvalidArgument
from groundswell_storage.experiments.enums import Allocation, Direction, ExperimentKind, MetricKind, MetricRole
from groundswell_storage.records import from_plain, plain

CONVERSIONS = (Metric("conversion_rate"),)


def refused(design: Design) -> str:
    """The field that a refusal names."""
    with pytest.raises(InvalidArgument) as error:
        complete(design, "hooks")
    assert error.value.reason == "EXPERIMENT_INVALID"
    (violation,) = error.value.fields
    return violation.field


def test_a_draft_without_control_gets_one_in_front() -> None:
    design = complete(Design(CONVERSIONS, (Variant("question"), Variant("number"))), "hooks")
    assert [variant.key for variant in design.variants] == ["control", "question", "number"]
    assert design.control == 0
    assert design.weights == pytest.approx((1 / 3, 1 / 3, 1 / 3))


def test_an_injected_control_takes_the_weight_that_the_others_leave() -> None:
    variants = (Variant("question", weight=0.25), Variant("number", weight=0.25))
    design = complete(Design(CONVERSIONS, variants, allocation=Allocation.WEIGHTED), "hooks")
    assert design.weights == (0.5, 0.25, 0.25)


def test_an_injected_control_without_weights_has_the_share_of_the_others() -> None:
    design = complete(Design(CONVERSIONS, (Variant("new"),)), "hooks")
    assert (design.weights, design.allocation) == ((0.5, 0.5), Allocation.EQUAL)


def test_given_weights_imply_the_weighted_allocation() -> None:
    variants = (Variant("old", weight=0.9, is_control=True), Variant("new", weight=0.1))
    design = complete(Design(CONVERSIONS, variants), "hooks")
    assert (design.weights, design.allocation) == ((0.9, 0.1), Allocation.WEIGHTED)
    assert refused(Design(CONVERSIONS, (variants[0], Variant("new", weight=0.2)))) == "design.variants"


@pytest.mark.parametrize("allocation", [Allocation.EQUAL, Allocation.THOMPSON, Allocation.UCB])
def test_weights_that_would_be_ignored_are_refused(allocation: Allocation) -> None:
    variants = (Variant("old", weight=0.5, is_control=True), Variant("new", weight=0.25), Variant("b", weight=0.25))
    assert refused(Design(CONVERSIONS, variants, allocation=allocation)) == "design.variants[0].weight"


@pytest.mark.parametrize("allocation", [Allocation.EQUAL, Allocation.WEIGHTED, Allocation.THOMPSON])
def test_a_stored_design_can_be_sent_back(allocation: Allocation) -> None:
    weights = (0.4, 0.35, 0.25) if allocation is Allocation.WEIGHTED else (0.0, 0.0, 0.0)
    variants = tuple(Variant(key, weight=weight) for key, weight in zip("abc", weights, strict=True))
    variants = (replace(variants[0], is_control=True), *variants[1:])
    stored = complete(Design(CONVERSIONS, variants, allocation=allocation), "hooks")
    assert complete(stored, "hooks") == stored


def test_a_weighted_variant_that_no_unit_would_get_is_refused() -> None:
    variants = (Variant("old", weight=1.0, is_control=True), Variant("new", weight=0.0))
    design = Design(CONVERSIONS, variants, allocation=Allocation.WEIGHTED)
    assert refused(design) == "design.variants[1].weight"
    assert refused(replace(design, variants=(replace(variants[0], weight=0.99999), Variant("new", weight=0.00001))))
    least = (replace(variants[0], weight=0.9999), Variant("new", weight=0.0001))
    assert complete(replace(design, variants=least), "hooks").weights == (0.9999, 0.0001)


@pytest.mark.parametrize("allocation", [Allocation.WEIGHTED, Allocation.UNSPECIFIED])
def test_weights_that_leave_nothing_to_an_injected_control_are_refused(allocation: Allocation) -> None:
    variants = (Variant("question", weight=0.3), Variant("number", weight=0.7))
    with pytest.raises(InvalidArgument, match="is_control") as error:
        complete(Design(CONVERSIONS, variants, allocation=allocation), "hooks")
    assert [violation.field for violation in error.value.fields] == ["design.variants"]


def test_a_combination_without_a_weight_is_refused_where_others_have_one() -> None:
    factors = (Factor("hook", ("plain", "question")), Factor("emoji", ("none", "one")))
    given = (Variant("plain/none", weight=0.5), Variant("question/one", weight=0.5))
    design = Design(CONVERSIONS, given, kind=ExperimentKind.MULTIVARIATE, factors=factors)
    assert refused(design) == "design.variants"


def test_factors_make_every_combination_and_the_first_levels_are_the_control() -> None:
    factors = (Factor("hook", ("plain", "question")), Factor("emoji", ("none", "one", "many")))
    design = complete(Design(CONVERSIONS, kind=ExperimentKind.MULTIVARIATE, factors=factors), "hooks")
    assert [variant.key for variant in design.variants] == [
        "plain/none",
        "plain/one",
        "plain/many",
        "question/none",
        "question/one",
        "question/many",
    ]
    assert design.control == 0


def test_a_combination_may_have_its_own_payload() -> None:
    factors = (Factor("hook", ("plain", "question")), Factor("emoji", ("none", "one")))
    given = (Variant("question/one", payload={"text": "Ready? 🎉"}),)
    design = complete(Design(CONVERSIONS, given, kind=ExperimentKind.MULTIVARIATE, factors=factors), "hooks")
    assert design.variants[3].payload == {"text": "Ready? 🎉"}


def test_built_in_metrics_need_only_their_name() -> None:
    metrics = (Metric("click_through_rate"), Metric("conversion_rate"), Metric("engagement_rate"))
    first, second, third = complete(Design(metrics, (Variant("new"),)), "hooks").metrics
    assert (first.kind, first.event, first.denominator_event) == (MetricKind.RATIO, "click", "impression")
    assert (second.kind, second.event) == (MetricKind.CONVERSION, "conversion")
    assert (third.event, third.denominator_event) == ("engagement", "impression")
    assert [one.role for one in (first, second, third)] == [MetricRole.PRIMARY, *[MetricRole.SECONDARY] * 2]
    assert first.direction is Direction.INCREASE


def test_at_least_thirty_units_are_needed_whatever_the_design() -> None:
    assert (
        complete(Design(CONVERSIONS, (Variant("new"),), min_sample_size_per_variant=1), "x").min_sample_size_per_variant
        == 30
    )


def test_conditions_that_nest_too_deeply_are_refused() -> None:
    condition = Exists("country")
    for _ in range(40):
        condition = Negation(condition)
    with pytest.raises(InvalidArgument) as refused:
        complete(Design(CONVERSIONS, (Variant("new"),), targeting=condition), "x")
    assert refused.value.fields[0].field == "design.targeting"


def test_a_design_is_stored_unchanged() -> None:
    targeting = AllOf(
        (
            Equals("country", "CH"),
            AnyOf((In("plan", ("pro", "team")), Compare("age", Operator.GREATER_OR_EQUAL, 18.0))),
            Negation(Contains("tags", "staff")),
            Version("app", Operator.GREATER, "2.4.1"),
            Exists("email", present=False),
        )
    )
    design = complete(
        Design(
            metrics=(
                Metric("revenue", MetricKind.MEAN, event="purchase", cap=500.0, covariate_event="revenue_before"),
                Metric("unfollows", MetricKind.COUNT, MetricRole.GUARDRAIL, Direction.DECREASE, "unfollow"),
            ),
            variants=(Variant("old", is_control=True, payload={"colour": [1, None, True]}), Variant("new")),
            hypothesis="Questions draw more replies",
            kind=ExperimentKind.SEQUENTIAL,
            coverage=0.4,
            namespace=Namespace("feed", 0.0, 0.5),
            targeting=targeting,
            min_runtime=timedelta(days=3),
            confidence_level=0.9,
            expected_total_sample=5000,
        ),
        "hooks",
    )
    assert from_plain(Design, json.loads(json.dumps(plain(design)))) == design
