"""Roles and scopes on the wire, call by call, as the contract's method options declare them."""

from __future__ import annotations

import grpc
import pytest

from groundswell.call_options import ROLES, options_of
from groundswell_server.services.registry import all_scopes
from tests.errors import refusal
from tests.running import RunningServer
from tests.wire import METHODS, call

UNREADABLE = b"\x0a\xff\xff\xff\xff\x0f"
"""Bytes that are no message: a caller who may make the call gets VALIDATION_FAILED, before anything is done."""
KEY_ROLES = ROLES[1:]
READS = ("Get", "List")


def reason(channel: grpc.Channel, name: str) -> str:
    """The reason for which an unreadable request is refused."""
    with refusal() as refused:
        call(channel, name, UNREADABLE)
    return refused.reason


@pytest.fixture(scope="module")
def by_role(shared_server: RunningServer) -> dict[str, grpc.Channel]:
    return {role: shared_server.channel(shared_server.key("roles", role)) for role in KEY_ROLES}


@pytest.mark.parametrize("name", METHODS)
def test_a_call_takes_its_least_role_and_every_greater_one(by_role: dict[str, grpc.Channel], name: str) -> None:
    least = ROLES.index(options_of(METHODS[name]).role)
    expected = {role: "VALIDATION_FAILED" if ROLES.index(role) >= least else "PERMISSION_DENIED" for role in KEY_ROLES}
    assert {role: reason(channel, name) for role, channel in by_role.items()} == expected


@pytest.mark.parametrize("name", METHODS)
def test_a_key_with_scopes_makes_the_calls_of_these_scopes_alone(shared_server: RunningServer, name: str) -> None:
    needed = options_of(METHODS[name]).scope
    others = [scope for scope in all_scopes() if scope != needed]
    for scopes, expected in (([needed], "VALIDATION_FAILED"), (others, "PERMISSION_DENIED")):
        channel = shared_server.channel(shared_server.key("scopes", "admin", scopes))
        assert reason(channel, name) == expected


@pytest.mark.parametrize("name", METHODS)
def test_the_contract_agrees_with_the_name_of_a_call(name: str) -> None:
    options = options_of(METHODS[name])
    assert options.role != "anybody"
    assert options.scope
    if name.startswith(READS):
        assert options.reads
    if "request_id" in METHODS[name].input_type.fields_by_name:
        assert not options.reads
