"""Deadlines and retries of every call, as data: a gRPC service config that is derived from the contract.

A call is safe to repeat when it is a read, when the contract declares it idempotent, or when it carries a
`request_id`, which the SDK always sends. Such calls are repeated on UNAVAILABLE. No other call is repeated, and no
call is sent twice at once (no hedging).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

from groundswell.call_options import options_of

DEFAULT_TIMEOUT = timedelta(seconds=30)
"""Deadline of a call for which the contract declares none, retries included."""

STREAM_LIFETIME = timedelta(hours=1)
"""Deadline of a stream from the server. A resumable stream continues with a new call, possibly on another server."""

RETRY_POLICY = {
    "maxAttempts": 5,
    "initialBackoff": "0.1s",
    "maxBackoff": "2s",
    "backoffMultiplier": 2.5,
    "retryableStatusCodes": ["UNAVAILABLE"],
}

RETRY_THROTTLING = {"maxTokens": 100, "tokenRatio": 0.1}
"""A failure takes a token, a success returns a tenth, and below half of the tokens nothing is repeated. A server that
is down permanently therefore does not receive every call five times."""

LOAD_BALANCING: list[dict[str, object]] = [{"round_robin": {}}]


@dataclass(frozen=True, slots=True)
class CallPolicy:
    """Deadline and retries of one call."""

    timeout: timedelta
    """Deadline, from the start of the call to its end, retries included."""
    repeatable: bool
    """True when the call is repeated after UNAVAILABLE."""


def policy_of(method: MethodDescriptor) -> CallPolicy:
    """Returns the policy of a call, as the contract declares it."""
    options = options_of(method)
    if method.server_streaming:
        return CallPolicy(options.timeout or STREAM_LIFETIME, repeatable=False)
    has_request_id = "request_id" in method.input_type.fields_by_name
    repeatable = not method.client_streaming and (options.idempotent or has_request_id)
    return CallPolicy(options.timeout or DEFAULT_TIMEOUT, repeatable)


def service_config(services: Iterable[ServiceDescriptor]) -> dict[str, object]:
    """The gRPC service config of the services, complete with timeouts: any gRPC client can use it as JSON."""
    return {
        "loadBalancingConfig": LOAD_BALANCING,
        "retryThrottling": RETRY_THROTTLING,
        "methodConfig": _method_configs(services),
    }


def channel_config(services: Iterable[ServiceDescriptor]) -> str:
    """The JSON that the SDK's channel is opened with: the service config without timeouts.

    gRPC takes the *smaller* of a config's timeout and the call's own, so a caller could never ask for more. The SDK
    sets the timeouts call by call instead.
    """
    methods = [{key: value for key, value in each.items() if key != "timeout"} for each in _method_configs(services)]
    return json.dumps({**service_config(()), "methodConfig": methods})


def _method_configs(services: Iterable[ServiceDescriptor]) -> list[dict[str, object]]:
    return [_method_config(method) for service in services for method in service.methods]


def _method_config(method: MethodDescriptor) -> dict[str, object]:
    policy = policy_of(method)
    config: dict[str, object] = {
        "name": [{"service": method.containing_service.full_name, "method": method.name}],
        "timeout": f"{policy.timeout.total_seconds():g}s",
    }
    return {**config, "retryPolicy": RETRY_POLICY} if policy.repeatable else config
