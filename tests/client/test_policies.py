"""Deadlines and retries, as data that every gRPC client can read."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from google.protobuf.descriptor import MethodDescriptor

from groundswell._policies import RETRY_POLICY, channel_config, policy_of, service_config
from groundswell.v1.services import services

OPERATIONS = services()["operations"]
CONTRACT = [service for service in services().values() if service is not OPERATIONS]
CALLS = [method for service in CONTRACT for method in service.methods]


def _call(name: str) -> MethodDescriptor:
    return next(method for method in CALLS if method.name == name)


@pytest.mark.parametrize("method", CALLS, ids=lambda method: method.name)
def test_every_single_call_of_the_contract_is_safe_to_repeat(method: MethodDescriptor) -> None:
    """A new call that fails here needs a `request_id` or an idempotency_level."""
    streams = method.client_streaming or method.server_streaming
    assert policy_of(method).repeatable is not streams


def test_a_change_is_repeatable_by_its_request_id_alone() -> None:
    assert "request_id" in _call("SubmitFeedback").input_type.fields_by_name
    assert policy_of(_call("SubmitFeedback")).repeatable


def test_of_the_standard_operations_only_deleting_is_not_repeated() -> None:
    assert {method.name for method in OPERATIONS.methods if not policy_of(method).repeatable} == {"DeleteOperation"}


def test_every_call_has_an_end() -> None:
    for method in (*CALLS, *OPERATIONS.methods):
        assert timedelta(0) < policy_of(method).timeout <= timedelta(hours=6)


def test_the_service_config_names_every_call_once() -> None:
    config = json.loads(json.dumps(service_config(CONTRACT)))
    names = [(name["service"], name["method"]) for each in config["methodConfig"] for name in each["name"]]
    assert sorted(names) == sorted((method.containing_service.full_name, method.name) for method in CALLS)


def test_the_service_config_has_timeouts_and_retries() -> None:
    config = json.loads(json.dumps(service_config(CONTRACT)))
    by_call = {each["name"][0]["method"]: each for each in config["methodConfig"]}
    assert by_call["GetPost"]["timeout"] == "30s"
    assert by_call["GetPost"]["retryPolicy"]["retryableStatusCodes"] == ["UNAVAILABLE"]
    assert by_call["ImportPosts"]["timeout"] == "21600s"
    assert "retryPolicy" not in by_call["ImportPosts"]
    assert config["retryThrottling"]["maxTokens"] > config["retryThrottling"]["tokenRatio"] > 0


def test_nothing_is_sent_twice_at_once() -> None:
    assert "hedgingPolicy" not in json.dumps(service_config(CONTRACT))


def test_retries_are_within_what_grpc_allows() -> None:
    assert 1 < int(str(RETRY_POLICY["maxAttempts"])) <= 5


def test_the_channel_leaves_timeouts_to_the_calls() -> None:
    channel = json.loads(channel_config(CONTRACT))
    assert all("timeout" not in each for each in channel["methodConfig"])
    assert {**channel, "methodConfig": []} == {**service_config(CONTRACT), "methodConfig": []}
