"""The fast path past validation accepts nothing that the contract's rules refuse."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.v1 import experiments_pb2 as pb
from groundswell_server.experiments.messages.fast_accept import accepts_assign, accepts_assign_all
from tests.rules import refused

short = st.text(alphabet=st.one_of(st.characters(codec="utf-8"), st.just("\0")), max_size=4)
texts = st.one_of(short, st.sampled_from([99, 100, 101, 200, 201]).map(lambda length: "é" * length))
attributes = st.one_of(st.none(), st.just({"country": "DE"}))
requests = st.builds(pb.AssignVariantRequest, experiment_key=texts, unit=texts, attributes=attributes)
peeks = st.builds(pb.EvaluateVariantRequest, experiment_key=texts, unit=texts, attributes=attributes)
batches = st.builds(pb.BatchAssignVariantsRequest, requests=st.lists(requests, max_size=3))


@settings(deadline=None, max_examples=150)
@given(st.one_of(requests, peeks))
def test_it_accepts_what_the_rules_accept_and_nothing_else(request: Any) -> None:
    assert accepts_assign(request) is not refused(request)


@settings(deadline=None, max_examples=50)
@given(batches)
def test_it_accepts_the_batches_that_the_rules_accept(request: Any) -> None:
    assert accepts_assign_all(request) is not refused(request)


@pytest.mark.parametrize(("count", "accepted"), [(0, False), (1000, True), (1001, False)])
def test_it_accepts_no_batch_of_the_wrong_size(count: int, accepted: bool) -> None:
    one = pb.AssignVariantRequest(experiment_key="hooks", unit="ana")
    request = pb.BatchAssignVariantsRequest(requests=[one] * count)
    assert accepts_assign_all(request) is accepted is not refused(request)
