"""Buckets: equal to GrowthBook's, evenly distributed and stable."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell_server.experiments.design.buckets import (
    Namespace,
    Range,
    Split,
    bucket,
    bucket_ranges,
    bucket_v1,
    choose,
    equal_weights,
    fnv1a32,
)

DATA = Path(__file__).parent / "data"
VECTORS = json.loads((DATA / "growthbook_vectors.json").read_text())
RECORDED = json.loads((DATA / "growthbook_assignments.json").read_text())["cases"]
HASHES = {1: bucket_v1, 2: bucket}


def cases(name: str) -> list[list[object]]:
    return VECTORS[name]["cases"]


@pytest.mark.parametrize(("data", "expected"), [(b"", 0x811C9DC5), (b"a", 0xE40C292C), (b"foobar", 0xBF9CF968)])
def test_fnv_has_the_published_values(data: bytes, expected: int) -> None:
    """Fowler, Noll, Vo, draft-eastlake-fnv, appendix C."""
    assert fnv1a32(data) == expected


@pytest.mark.parametrize(("seed", "unit", "version", "expected"), cases("hash"))
def test_hashes_are_those_of_growthbook(seed: str, unit: str, version: int, expected: float | None) -> None:
    found = HASHES[version](seed, unit) if version in HASHES else None
    assert found == expected


@pytest.mark.parametrize(("name", "given", "expected"), cases("bucket_range"))
def test_ranges_are_those_of_growthbook(
    name: str, given: tuple[int, float, list[float] | None], expected: list[list[float]]
) -> None:
    count, coverage, weights = given
    if weights is None or len(weights) != count:
        weights = list(equal_weights(count))
    for found, wanted in zip(bucket_ranges(weights, coverage), expected, strict=True):
        assert found == pytest.approx(tuple(wanted))


@pytest.mark.parametrize(("name", "position", "ranges", "expected"), cases("choose_variation"))
def test_choices_are_those_of_growthbook(name: str, position: float, ranges: list[Range], expected: int) -> None:
    assert choose(position, ranges) == (None if expected == -1 else expected)


@pytest.mark.parametrize(("name", "unit", "namespace", "expected"), cases("namespace"))
def test_namespaces_are_those_of_growthbook(
    name: str, unit: str, namespace: tuple[str, float, float], expected: bool
) -> None:
    assert (unit in Namespace(*namespace)) is expected


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case["seed"])
def test_experiments_assign_every_unit_as_growthbook_does(case: dict[str, Any]) -> None:
    namespace = Namespace(*case["namespace"]) if case["namespace"] else None
    split = Split.of(case["seed"], case["weights"], case["coverage"], namespace)
    found = [split.variant(f"{case['units']}{number}") for number in range(len(case["variations"]))]
    assert found == case["variations"]


def test_a_split_is_hash_and_ranges() -> None:
    split = Split.of("summer", (0.2, 0.3, 0.5), 0.4)
    ranges = bucket_ranges((0.2, 0.3, 0.5), 0.4)
    for number in range(2_000):
        unit = f"unit-{number}"
        assert split.variant(unit) == choose(bucket("summer", unit), ranges)


def test_namespaces_that_do_not_overlap_share_no_unit() -> None:
    first = Split.of("a", (0.5, 0.5), 1.0, Namespace("page", 0.0, 0.3))
    second = Split.of("b", (0.5, 0.5), 1.0, Namespace("page", 0.3, 1.0))
    for number in range(5_000):
        unit = f"unit-{number}"
        assert (first.variant(unit) is None) is not (second.variant(unit) is None)


@settings(deadline=None)
@given(
    seed=st.text(max_size=20),
    units=st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=50),
    shares=st.lists(st.integers(1, 100), min_size=1, max_size=6),
    coverages=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_raising_the_coverage_moves_no_unit(
    seed: str, units: list[str], shares: list[int], coverages: tuple[float, float]
) -> None:
    weights = [share / sum(shares) for share in shares]
    fewer, more = (Split.of(seed, weights, coverage) for coverage in sorted(coverages))
    for unit in units:
        if (before := fewer.variant(unit)) is not None:
            assert more.variant(unit) == before


@pytest.mark.parametrize("units", [100_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_shares_are_the_weights(units: int) -> None:
    positions = [bucket("a million", f"unit-{number}") for number in range(units)]
    tolerance = 0.002 if units >= 1_000_000 else 0.006
    before: list[int | None] = []
    for coverage in (0.1, 0.5, 1.0):
        ranges = bucket_ranges((0.2, 0.3, 0.5), coverage)
        chosen = [choose(position, ranges) for position in positions]
        counts = Counter(chosen)
        for variant, weight in enumerate((0.2, 0.3, 0.5)):
            assert counts[variant] / units == pytest.approx(coverage * weight, abs=tolerance)
        assert all(then in (None, now) for then, now in zip(before, chosen, strict=False))
        before = chosen


def test_two_experiments_split_independently() -> None:
    units = [f"unit-{number}" for number in range(40_000)]
    first, second = Split.of("first", (0.5, 0.5)), Split.of("second", (0.5, 0.5))
    both = Counter((first.variant(unit), second.variant(unit)) for unit in units)
    for count in both.values():
        assert count / len(units) == pytest.approx(0.25, abs=0.01)


def test_utf8_bytes_are_hashed_beyond_ascii() -> None:
    assert bucket("", "ü") == fnv1a32(str(fnv1a32(b"\xc3\xbc")).encode()) % 10_000 / 10_000
