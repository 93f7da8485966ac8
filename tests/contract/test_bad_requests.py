"""Every call on the wire with bad input: the status code, the reason and the fields of its refusal.

Requests that break a constraint of the contract are generated from it; rules that it cannot state have rows by hand.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import grpc
import pytest

from groundswell.v1.errors_pb2 import ErrorReason
from tests.contract.bad_requests import BAD, NARROWER, Bad, filled
from tests.contract.bad_requests.request import NAN, NO_TIME, TOMORROW, UNKNOWN_NUMBER, YESTERDAY
from tests.contract.violations import broken_rules, rule_ids, smallest_request, violations
from tests.errors import refusal
from tests.running import RunningServer
from tests.wire import METHODS, call, request_of
from tests.workspaces import Workspace, furnish, two_of_each

REPEATABLE = [name for name, method in METHODS.items() if "request_id" in method.input_type.fields_by_name]
CASES = [pytest.param(name, bad, id=f"{name}: {bad.why}") for name, cases in BAD.items() for bad in cases]


@pytest.fixture(scope="module")
def own(shared_server: RunningServer) -> Workspace:
    return furnish(shared_server, "bad-requests")


@pytest.mark.parametrize("name", METHODS)
def test_every_call_is_given_bad_input(name: str) -> None:
    if METHODS[name].input_type.fields:
        assert BAD.get(name) or any(violations(METHODS[name])), f"{name} needs a row in tests/contract/bad_requests"


def test_rows_are_about_calls_of_the_contract() -> None:
    assert BAD.keys() - METHODS.keys() == set()


@pytest.mark.parametrize("name", METHODS)
def test_constraints_of_the_contract_are_enforced(own: Workspace, name: str) -> None:
    for violation in violations(METHODS[name]):
        with refusal() as refused:
            call(own.channel, name, violation.request)
        where = f"{violation.field} ({violation.rule}): {refused.message}"
        assert (refused.code, refused.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "VALIDATION_FAILED"), where
        assert violation.field in refused.fields, where


@pytest.mark.parametrize("name", METHODS)
def test_rules_over_several_fields_have_a_row_that_breaks_them(own: Workspace, name: str) -> None:
    requests = [request_of(name, **filled(bad.fields, own)) for bad in BAD.get(name, ())]
    broken = {rule for request in requests for rule in broken_rules(request)}
    assert rule_ids(METHODS[name]) - broken == set(), f"{name} needs rows in tests/contract/bad_requests"


@pytest.mark.parametrize(("name", "bad"), CASES)
def test_it_is_refused(own: Workspace, name: str, bad: Bad) -> None:
    with refusal() as refused:
        call(own.channel, name, request_of(name, **filled(bad.fields, own)))
    assert (refused.code, refused.reason) == (bad.code, bad.reason), refused.message
    assert set(bad.at_fault) <= set(refused.fields), refused.message
    assert f"ERROR_REASON_{refused.reason}" in ErrorReason.keys()
    assert refused.message
    assert refused.request_id


@pytest.mark.parametrize("name", METHODS)
def test_bytes_that_are_no_message_are_refused(own: Workspace, name: str) -> None:
    with refusal() as refused:
        call(own.channel, name, b"\x0a\xff\xff\xff\xff\x0f")
    assert (refused.code, refused.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "VALIDATION_FAILED")


@pytest.mark.parametrize("name", REPEATABLE)
def test_a_request_id_of_another_call_is_refused(own: Workspace, name: str) -> None:
    used = str(uuid4())
    call(own.channel, "StartContext", request_of("StartContext", phase="FIRST", request_id=used))
    request: Any = smallest_request(METHODS[name])
    request.request_id = used
    with refusal() as refused:
        call(own.channel, name, request)
    assert (refused.code, refused.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_ID_REUSED")


@pytest.mark.parametrize("name", NARROWER)
def test_a_page_token_of_another_query_is_refused(own: Workspace, shared_server: RunningServer, name: str) -> None:
    two_of_each(own, shared_server)
    token = call(own.channel, name, request_of(name, page_size=1))[0].next_page_token
    with refusal() as refused:
        call(own.channel, name, request_of(name, page_token=token, **filled(NARROWER[name], own)))
    assert (refused.reason, refused.fields) == ("PAGE_TOKEN_INVALID", ("page_token",))


def test_an_import_names_each_bad_row_and_keeps_the_rest(own: Workspace) -> None:
    good = {"persona_name": "Ava", "platform": 1, "publish_time": YESTERDAY}
    rows = [
        {**good, "line": 1, "platform_post_id": "row-1"},
        {**good, "line": 2, "platform_post_id": "row-2", "publish_time": TOMORROW},
        {**good, "line": 3, "platform_post_id": "row-3", "metrics": {"likes": -1}},
        {**good, "line": 4, "platform_post_id": "row-4", "metrics": {"likes": 11, "impressions": 10}},
        {**good, "line": 5, "platform_post_id": "row-5", "platform": UNKNOWN_NUMBER},
        {**good, "line": 6, "platform_post_id": "row-6", "hashtags": ["a b"]},
        {**good, "line": 7, "platform_post_id": "row-7", "publish_time": NO_TIME},
        {**good, "line": 8, "platform_post_id": "row-8", "caption": "a\0b"},
        {**good, "line": 9, "platform_post_id": "row-9", "attributes": {"x": NAN}},
        {**good, "line": 10, "platform_post_id": "row-10", "fetch_time": TOMORROW, "metrics": {"likes": 1}},
        {**good, "line": 11, "platform_post_id": "row-11"},
        {},
    ]
    (answer,) = call(own.channel, "ImportPosts", request_of("ImportPosts", rows=rows))
    assert (answer.imported_count, answer.refused_count) == (2, 10)
    assert {row.line: row.field for row in answer.refused_rows} == {
        0: "persona_name",
        2: "publish_time",
        3: "metrics.likes",
        4: "metrics.likes",
        5: "platform",
        6: "hashtags[0]",
        7: "publish_time",
        8: "caption",
        9: "attributes",
        10: "fetch_time",
    }
