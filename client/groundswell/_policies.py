"""Deadlines and retries of every call, as data: a gRPC service config that is derived from the contract.

Safe to repeat is what only reads, and what changes something under a `request_id`, which the SDK always sends. Such
calls are repeated on UNAVAILABLE; nothing else is ever repeated, and nothing is sent twice at once (no hedging).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

DEFAULT_TIMEOUT = timedelta(seconds=30)
"""For a call that is not named below, its retries included."""

LONG_CALLS = {
    "groundswell.v1.EngagementService.AnalyzePost": timedelta(minutes=1),
    "groundswell.v1.EngagementService.ImportPosts": timedelta(hours=6),
    "groundswell.v1.EngagementService.RecordInteractions": timedelta(hours=1),
    "groundswell.v1.LearningService.AddTrainingExamples": timedelta(hours=1),
    "groundswell.v1.LearningService.AnalyzePatterns": timedelta(minutes=1),
    "groundswell.v1.LearningService.BatchScoreContent": timedelta(minutes=1),
    "groundswell.v1.LearningService.ClassifyProfiles": timedelta(minutes=1),
    "groundswell.v1.LearningService.ClassifyText": timedelta(minutes=1),
    "groundswell.v1.LearningService.FindFailurePatterns": timedelta(minutes=1),
    "groundswell.v1.LearningService.FindSuccessfulPatterns": timedelta(minutes=1),
    "groundswell.v1.LearningService.GetEffectiveHashtags": timedelta(minutes=1),
    "groundswell.v1.LearningService.GetFeatureImportance": timedelta(minutes=1),
    "groundswell.v1.LearningService.OptimizeContent": timedelta(minutes=1),
    "groundswell.v1.LearningService.PredictTiming": timedelta(minutes=1),
    "groundswell.v1.LearningService.PromoteModel": timedelta(minutes=1),
    "groundswell.v1.LearningService.RecommendPatterns": timedelta(minutes=1),
    "groundswell.v1.LearningService.SuggestImprovements": timedelta(minutes=1),
    "groundswell.v1.LearningService.SummarizePerformance": timedelta(minutes=1),
}
"""Calls that may take longer than the default, or last as long as the caller feeds them."""

STREAM_LIFETIME = timedelta(hours=1)
"""For a stream from the server. One that resumes after a cursor goes on with a new call, perhaps on another server."""

READS = re.compile(
    r"(Analyze|BatchScore|Classify|Find|Get|List|Optimize|Peek|Plan|Predict|Recommend|Score|Search|Suggest|Summarize"
    r"|Wait)(?![a-z])"
)
"""How the names of calls begin that change nothing. Any other call has to carry a `request_id` to be repeated."""

REPEATABLE = frozenset(
    {
        "google.longrunning.Operations.CancelOperation",
        "groundswell.v1.ExperimentsService.AssignVariant",
        "groundswell.v1.ExperimentsService.BatchAssignVariants",
        "groundswell.v1.ExperimentsService.RecordEvents",
        "groundswell.v1.ExperimentsService.EvaluateRollout",
    }
)
"""Changes without a `request_id` that do nothing the second time."""

RETRY_POLICY = {
    "maxAttempts": 5,
    "initialBackoff": "0.1s",
    "maxBackoff": "2s",
    "backoffMultiplier": 2.5,
    "retryableStatusCodes": ["UNAVAILABLE"],
}

RETRY_THROTTLING = {"maxTokens": 100, "tokenRatio": 0.1}
"""A failure takes a token, a success gives back a tenth, and below half of them nothing is repeated: a server that is
down for good is not asked five times for everything."""

LOAD_BALANCING: list[dict[str, object]] = [{"round_robin": {}}]


@dataclass(frozen=True, slots=True)
class CallPolicy:
    """How one call is made."""

    timeout: timedelta
    """Deadline, from the start of the call to its end, retries included."""
    repeatable: bool
    """True when it is sent again after UNAVAILABLE."""


def policy_of(method: MethodDescriptor) -> CallPolicy:
    """The policy of a call, from what the contract says of it."""
    if method.server_streaming:
        return CallPolicy(LONG_CALLS.get(method.full_name, STREAM_LIFETIME), repeatable=False)
    repeatable = not method.client_streaming and (
        "request_id" in method.input_type.fields_by_name
        or READS.match(method.name) is not None
        or method.full_name in REPEATABLE
    )
    return CallPolicy(LONG_CALLS.get(method.full_name, DEFAULT_TIMEOUT), repeatable)


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
