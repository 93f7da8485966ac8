"""Conditions over a unit's attributes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell_server.experiments.design.semantic_versions import precedence
from groundswell_server.experiments.design.targeting_conditions import (
    MAX_DEPTH,
    AllOf,
    AnyOf,
    Compare,
    Condition,
    Contains,
    Equals,
    Exists,
    In,
    Negation,
    Operator,
    Version,
    compile_condition,
)

UNIT: dict[str, Any] = {
    "country": "PT",
    "age": 34.0,
    "paying": True,
    "tags": ["beta", "photo"],
    "app": "2.10.3",
    "device": {"os": "iOS", "year": 2021.0},
    "name": "Ava Mar",
    "nothing": None,
}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (Equals("country", "PT"), True),
        (Equals("country", "pt"), False),
        (Equals("age", 34), True),
        (Equals("paying", True), True),
        (Equals("paying", 1.0), False),
        (Equals("missing", ""), False),
        (Equals("device.os", "iOS"), True),
        (Equals("country.os", "iOS"), False),
        (In("country", ("ES", "PT")), True),
        (In("age", ("34", True)), False),
        (In("missing", ("ES",)), False),
        (In("tags", ("video", "photo")), True),
        (In("tags", ("video", "phot")), False),
        (In("device", ("iOS",)), False),
        (Compare("age", Operator.GREATER, 33.5), True),
        (Compare("age", Operator.LESS, 34.0), False),
        (Compare("age", Operator.LESS_OR_EQUAL, 34.0), True),
        (Compare("age", Operator.GREATER, "3"), False),
        (Compare("paying", Operator.GREATER, 0.0), False),
        (Compare("country", Operator.LESS, "Q"), True),
        (Compare("missing", Operator.NOT_EQUAL, 1.0), False),
        (Contains("tags", "beta"), True),
        (Contains("tags", "bet"), False),
        (Contains("name", "Mar"), True),
        (Contains("name", 1.0), False),
        (Contains("age", 34.0), False),
        (Version("app", Operator.GREATER, "2.9"), True),
        (Version("app", Operator.LESS, "2.10.3-rc.1"), False),
        (Version("app", Operator.EQUAL, "v2.10.3+7"), True),
        (Version("age", Operator.EQUAL, "34"), False),
        (Exists("nothing"), False),
        (Exists("nothing", present=False), True),
        (Exists("device.year"), True),
        (AllOf(()), True),
        (AnyOf(()), False),
        (AllOf((Equals("country", "PT"), Compare("age", Operator.GREATER, 40.0))), False),
        (AnyOf((Equals("country", "ES"), Contains("tags", "photo"))), True),
        (Negation(Equals("missing", "x")), True),
    ],
    ids=repr,
)
def test_a_condition_holds_or_not(condition: Condition, expected: bool) -> None:
    assert compile_condition(condition)(UNIT) is expected


anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
leaves = st.one_of(
    st.builds(Equals, st.sampled_from("abc"), st.booleans() | st.floats() | st.text(max_size=5)),
    st.builds(Contains, st.sampled_from(["a", "a.b"]), st.text(max_size=5)),
    st.builds(Compare, st.sampled_from("abc"), st.sampled_from(list(Operator)[1:]), st.floats() | st.text(max_size=5)),
    st.builds(Version, st.sampled_from("abc"), st.sampled_from(list(Operator)[1:]), st.text(max_size=8)),
    st.builds(Exists, st.sampled_from("abc"), st.booleans()),
)


@settings(deadline=None)
@given(leaves, leaves, st.dictionaries(st.sampled_from("abc"), anything))
def test_conditions_accept_any_attributes(first: Condition, second: Condition, attributes: dict[str, Any]) -> None:
    """De Morgan's law holds for any attributes of a unit."""
    neither = compile_condition(Negation(AnyOf((first, second))))(attributes)
    assert neither is compile_condition(AllOf((Negation(first), Negation(second))))(attributes)


def test_a_condition_that_nests_too_deeply_is_refused() -> None:
    condition: Condition = Exists("a")
    for _ in range(MAX_DEPTH - 1):
        condition = Negation(condition)
    compile_condition(condition)
    with pytest.raises(ValueError, match="nest"):
        compile_condition(Negation(condition))


def test_versions_are_in_the_order_of_the_specification() -> None:
    """Semantic Versioning 2.0.0, the example of section 11, and numbers of other lengths."""
    ordered = [
        "0.9",
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0-rc.1",
        "1.0.0",
        "1.0.1",
        "1.9",
        "1.10.0",
        "2",
    ]
    assert sorted(set(ordered), key=precedence) == ordered
    assert precedence("v1.2") == precedence("1.2.0+build") == precedence(" 1.2.0.0 ") == precedence("01.002")


def test_versions_may_have_any_number_of_digits() -> None:
    """Python refuses to parse integers of more than 4,300 digits, and attributes come from callers."""
    assert precedence("1." + 5_000 * "9") < precedence("1.1" + 5_000 * "0") < precedence("2")


@pytest.mark.parametrize(
    ("lower", "higher"),
    [
        ("0.9.99", "1.0.0"),
        ("1.0.0-0.0", "1.0.0-0.0.0"),
        ("1.0.0-9999", "1.0.0--"),
        ("1.0.0-99", "1.0.0-100"),
        ("1.0.0-0", "1.0.0--1"),
        ("1.0.0-1.0", "1.0.0-1.-1"),
        ("1.2.3-a.b.c", "1.2.3-a.b.c.d"),
        ("0.0.0-foo", "v0.0.0"),
        ("v1.2.3", "2.0.0"),
        ("1.2.3-4-foo", "1.2.3"),
        ("1.2.3-5", "1.2.3-5-foo"),
        ("1.2.3-5-Foo", "1.2.3-5-foo"),
        ("2.7.2+asdf", "3.0.0"),
        ("1.2.3-a.5", "1.2.3-a.10"),
        ("1.2.3-a.b.c.5.d.100", "1.2.3-a.b.c.10.d.5"),
        ("1.2.3-r100", "1.2.3-r2"),
        ("1.2.3-R2", "1.2.3-r100"),
        ("1.0.0-ALPHA", "1.0.0-alpha"),
        ("1.2.3", "a.b.c.d.e.f"),
        ("9999.0.0", "10000.0.0"),
    ],
)
def test_versions_compare_as_in_growthbook(lower: str, higher: str) -> None:
    """The hard ones of `evalCondition` in its SDKs' cases.json, specification 0.7.1, MIT."""
    assert precedence(lower) < precedence(higher)
    unit = {"version": lower}
    assert compile_condition(Version("version", Operator.LESS, higher))(unit)
    assert not compile_condition(Version("version", Operator.GREATER_OR_EQUAL, higher))(unit)
